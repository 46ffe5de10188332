import type { JobJson, ParentKeyOpts } from 'bullmq'
import { addPendingChild, parentOf, releaseUnlessPending } from './children.ts'
import { deduplicate } from './deduplication.ts'
import { insertInLine, insertJob, type NewJob } from './jobs.ts'
import type { Queue } from './queues.ts'
import { Code, Refused } from './refusals.ts'
import { Child, State } from './schema.ts'
import type { JobHead } from './statements.ts'
import type { Tx } from './transactions.ts'

interface Request {
  readonly job: JobJson
  readonly jobId?: string
  readonly parentKeyOpts?: ParentKeyOpts
}

/** Adds a job. Returns its id, or that of the job that stands for it. */
export function addJob(tx: Tx, queue: Queue, request: Request): string {
  return add(tx, queue, request, false)
}

/**
 * Adds a tree of jobs that may span queues: all of them, then the parents that wait for nothing may run. Answers each with
 * its id or the number of its refusal.
 */
export function addFlow(
  tx: Tx,
  entries: { queueKey: string; request: Request }[],
): [error: null, idOrCode: string | Code][] {
  const parents = new Map<string, { queueKey: string; id: string; sound: boolean }>()
  const results = entries.map(({ queueKey, request }): [null, string | Code] => {
    const result = idOrCode(() => add(tx, tx.queues.open(queueKey), request, true))
    const { parent } = request.job
    if (parent?.id) {
      const key = `${parent.queueKey}:${parent.id}`
      const sound = (parents.get(key)?.sound ?? true) && result !== Code.parentCannotBeReplaced
      parents.set(key, { queueKey: parent.queueKey, id: parent.id, sound })
    }
    return [null, result]
  })
  for (const { queueKey, id, sound } of parents.values()) {
    const queue = tx.queues.open(queueKey)
    const job = tx.sql.jobHead.get(queue.id, id)
    if (sound && job) releaseUnlessPending(tx, { queue, job }, Date.now())
  }
  return results
}

function idOrCode(add: () => string): string | Code {
  try {
    return add()
  } catch (error) {
    if (error instanceof Refused) return error.code
    throw error
  }
}

function add(tx: Tx, queue: Queue, request: Request, inFlow: boolean): string {
  const { job, jobId: givenId, parentKeyOpts = {} } = request
  const parent = parentOfNew(tx, job)
  const number = queue.nextJobNumber()
  const id = givenId || String(number)
  if (givenId) {
    const existing = tx.sql.jobHead.get(queue.id, givenId)
    if (existing) return adopt(tx, queue, existing, parent, inFlow)
  }
  const { name, data, opts, timestamp, repeatJobKey: schedulerId } = job
  const newJob: NewJob = { id, name, data, opts, timestamp, schedulerId, parent }
  const waitsForChildren = parentKeyOpts.addToWaitingChildren ?? false
  const inTheWay = deduplicate(tx, queue, newJob, { canReplace: !waitsForChildren })
  if (inTheWay) return inTheWay
  if (waitsForChildren) {
    insertJob(tx, queue, newJob, { state: State['waiting-children'], score: timestamp })
    queue.emit('waiting-children', 'jobId', id)
  } else insertInLine(tx, queue, newJob)
  if (parent) addPendingChild(tx, parent.queueId, parent.id, queue.id, id)
  return id
}

/** A job of that id is there already. It becomes the parent's child if no other living parent has it. */
function adopt(tx: Tx, queue: Queue, existing: JobHead, parent: NewJob['parent'], inFlow: boolean): string {
  const isOthers =
    parent && !(existing.parent_queue === parent.queueId && existing.parent_id === parent.id) && parentOf(tx, existing)
  if (isOthers) throw new Refused(Code.parentCannotBeReplaced, { parentKey: parent.key })
  if (parent) {
    tx.sql.setParent.run(parent.queueId, parent.id, parent.json, existing.rowid)
    if (existing.state === State.completed) {
      const value = tx.sql.returnValue.get(existing.rowid)!.return_value
      tx.sql.addChild.run(parent.queueId, parent.id, queue.id, existing.id, Child.processed, value)
      const parentJob = tx.sql.jobHead.get(parent.queueId, parent.id)!
      if (!inFlow) releaseUnlessPending(tx, { queue: tx.queues.ofId(parent.queueId), job: parentJob }, Date.now())
    } else addPendingChild(tx, parent.queueId, parent.id, queue.id, existing.id)
  }
  queue.emit('duplicated', 'jobId', existing.id)
  return existing.id
}

function parentOfNew(tx: Tx, { parent, parentKey }: JobJson): NewJob['parent'] {
  if (!parent?.id) return undefined
  const queue = tx.queues.find(parent.queueKey)
  if (!queue || !tx.sql.jobExists.get(queue.id, parent.id)) throw new Refused(Code.parentNotExist, { parentKey })
  return { key: `${parent.queueKey}:${parent.id}`, queueId: queue.id, id: parent.id, json: JSON.stringify(parent) }
}
