import type { JobJson, ParentKeyOpts } from 'bullmq'
import { parentOf, releaseUnlessPending, setChild } from './children.ts'
import { deduplicate } from './deduplication.ts'
import { findJob, insertInLine, insertJob, type Job, type NewJob, type ParentColumns, wholeMs } from './jobs.ts'
import type { Args, Queue } from './queues.ts'
import { Refused } from './refusals.ts'
import { Child, State } from './schema.ts'

/** Adds a job. Returns its id, or the id of the existing job that takes its place. */
export function addJob(
  queue: Queue,
  job: JobJson,
  givenId: string,
  opts: ParentKeyOpts = {},
  isInFlow = false,
): string {
  const waitsForChildren = opts.addToWaitingChildren ?? false
  const parent = parentOfNew(queue, job)
  const number = ++queue.state.lastJob
  const existing = givenId ? findJob(queue, givenId) : undefined
  if (existing) {
    if (parent) adopt(existing, parent, job, isInFlow)
    queue.emit('duplicated', 'jobId', givenId)
    return givenId
  }
  const { name, data, opts: jobOpts, timestamp, repeatJobKey } = job
  const id = givenId || String(number)
  const newJob: NewJob = { id, name, data, opts: jobOpts, timestamp, repeatJobKey, parent }
  const existingId = deduplicate(queue, newJob, !waitsForChildren)
  if (existingId) return existingId
  if (waitsForChildren) {
    insertJob(queue, newJob, { state: State['waiting-children'], score: wholeMs(timestamp) })
    queue.emit('waiting-children', 'jobId', id)
  } else insertInLine(queue, newJob)
  if (parent) setChild({ ...parent, queue, id }, Child.unprocessed, null)
  return id
}

export const addJobs = (queue: Queue, entries: Args<'addJobs'>[0]): string[] =>
  entries.map(({ job, jobId, parentKeyOpts }) => addJob(queue, job, jobId, parentKeyOpts))

/**
 * Adds a tree of jobs that may span queues. Parents that wait for no child may run once all jobs are added. Returns for each job
 * its id, or the code of its refusal.
 */
export function addFlow({ queues }: Queue, entries: Args<'addFlow'>[0]): [error: null, idOrCode: string | number][] {
  const parents = new Map<string | undefined, JobJson['parent']>() // by key; undefined if a child refused it
  const results = entries.map(({ jobData: job, jobId, parentKeyOpts, prefix, queueName }): string | number => {
    if (!parents.has(job.parentKey)) parents.set(job.parentKey, job.parent)
    try {
      return addJob(queues.open(`${prefix}:${queueName}`), job, jobId, parentKeyOpts, true)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      if (error.why === 'parentCannotBeReplaced') parents.set(job.parentKey, undefined)
      return error.code
    }
  })
  for (const parent of parents.values())
    if (parent?.id) releaseUnlessPending(findJob(queues.open(parent.queueKey), parent.id), Date.now())
  return results.map(result => [null, result])
}

/** A job with this id exists already. It becomes the parent's child unless it has another parent that still exists. */
function adopt(job: Job, parent: ParentColumns, { parentKey }: JobJson, isInFlow: boolean): void {
  const child = { ...job, ...parent }
  const isSameParent = job.parent_queue === child.parent_queue && job.parent_id === child.parent_id
  if (!isSameParent && parentOf(job)) throw new Refused('parentCannotBeReplaced', { parentKey })
  const { sql, id } = job.queue
  sql.updateJob(job.rowid, parent)
  if (job.state === State.completed) {
    setChild(child, Child.processed, sql.job.get(id, job.id)!.returnvalue)
    if (!isInFlow) releaseUnlessPending(parentOf(child), Date.now())
  } else setChild(child, Child.unprocessed, null)
}

function parentOfNew({ queues }: Queue, { parent, parentKey }: JobJson): ParentColumns | undefined {
  if (!parent?.id) return undefined
  const queue = queues.find(parent.queueKey)
  if (!queue || !findJob(queue, parent.id)) throw new Refused('parentNotExist', { parentKey })
  return { parent_queue: queue.id, parent_id: parent.id, parent: JSON.stringify(parent) }
}
