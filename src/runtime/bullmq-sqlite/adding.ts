import type { JobJson, ParentKeyOpts } from 'bullmq'
import { addPendingChild, parentOf, releaseUnlessPending } from './children.ts'
import { deduplicate } from './deduplication.ts'
import { findJob, insertInLine, insertJob, type NewJob } from './jobs.ts'
import type { Queue } from './queues.ts'
import { Refused } from './refusals.ts'
import { Child, State } from './schema.ts'
import type { JobHead } from './statements.ts'

interface FlowEntry {
  jobData: JobJson
  jobId: string
  parentKeyOpts: ParentKeyOpts
  prefix: string
  queueName: string
}

/** Adds a job. Returns its id, or that of the job that stands for it. */
export function addJob(queue: Queue, job: JobJson, jobId: string, parentKeyOpts: ParentKeyOpts = {}): string {
  return add(queue, job, jobId, parentKeyOpts, false)
}

/**
 * Adds a tree of jobs that may span queues: all of them, then the parents that wait for nothing may run. Answers each with
 * its id or the number of its refusal.
 */
export function addFlow({ queues }: Queue, entries: FlowEntry[]): [error: null, idOrCode: string | number][] {
  const parents = new Map<string, { queueKey: string; id: string }>()
  const unsound = new Set<string>()
  const results = entries.map(({ jobData, jobId, parentKeyOpts, prefix, queueName }): string | number => {
    const { parent } = jobData
    const parentKey = parent ? `${parent.queueKey}:${parent.id}` : ''
    if (parent?.id) parents.set(parentKey, { queueKey: parent.queueKey, id: parent.id })
    try {
      return add(queues.open(`${prefix}:${queueName}`), jobData, jobId, parentKeyOpts, true)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      if (error.why === 'parentCannotBeReplaced') unsound.add(parentKey)
      return error.code
    }
  })
  for (const [key, { queueKey, id }] of parents) {
    const queue = queues.open(queueKey)
    const job = findJob(queue, id)
    if (job && !unsound.has(key)) releaseUnlessPending({ queue, job }, Date.now())
  }
  return results.map(result => [null, result])
}

function add(queue: Queue, job: JobJson, givenId: string, parentKeyOpts: ParentKeyOpts, inFlow: boolean): string {
  const parent = parentOfNew(queue, job)
  const number = ++queue.state.lastJob
  const existing = givenId ? findJob(queue, givenId) : null
  if (existing) return adopt(queue, existing, parent, inFlow)
  const { name, data, opts, timestamp, repeatJobKey: schedulerId } = job
  const newJob: NewJob = { id: givenId || String(number), name, data, opts, timestamp, schedulerId, parent }
  const waitsForChildren = parentKeyOpts.addToWaitingChildren ?? false
  const inTheWay = deduplicate(queue, newJob, { canReplace: !waitsForChildren })
  if (inTheWay) return inTheWay
  if (waitsForChildren) {
    insertJob(queue, newJob, { state: State['waiting-children'], score: timestamp })
    queue.emit('waiting-children', 'jobId', newJob.id)
  } else insertInLine(queue, newJob)
  if (parent) addPendingChild(queue, parent.queueId, parent.id, newJob.id)
  return newJob.id
}

/** A job of that id is there already. It becomes the parent's child if no other living parent has it. */
function adopt(queue: Queue, existing: JobHead, parent: NewJob['parent'], inFlow: boolean): string {
  const { id, rowid } = existing
  if (parent) {
    const isItsOwn = existing.parent_queue === parent.queueId && existing.parent_id === parent.id
    if (!isItsOwn && parentOf(queue, existing)) throw new Refused('parentCannotBeReplaced', { parentKey: parent.key })
    const columns = { parent_queue: parent.queueId, parent_id: parent.id, parent: parent.json }
    queue.sql.updateJob(rowid, columns)
    if (existing.state === State.completed) {
      const { return_value } = queue.sql.job.get(queue.id, id)!
      queue.sql.addChild.run(parent.queueId, parent.id, queue.id, id, Child.processed, return_value)
      if (!inFlow) releaseUnlessPending(parentOf(queue, { ...existing, ...columns }), Date.now())
    } else addPendingChild(queue, parent.queueId, parent.id, id)
  }
  queue.emit('duplicated', 'jobId', id)
  return id
}

function parentOfNew({ queues }: Queue, { parent, parentKey }: JobJson): NewJob['parent'] {
  if (!parent?.id) return undefined
  const queue = queues.find(parent.queueKey)
  if (!queue || !findJob(queue, parent.id)) throw new Refused('parentNotExist', { parentKey })
  return { key: `${parent.queueKey}:${parent.id}`, queueId: queue.id, id: parent.id, json: JSON.stringify(parent) }
}
