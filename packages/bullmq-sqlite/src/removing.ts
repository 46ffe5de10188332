import { childrenOf, detachFromParent } from './children.ts'
import { isLocked } from './claiming.ts'
import { releaseOnRemoval } from './deduplication.ts'
import { deleteJob, findJob, type Job } from './jobs.ts'
import type { Queue } from './queues.ts'
import { Refused } from './refusals.ts'
import { Child, type ChildCode, State, states } from './schema.ts'

interface Removal {
  withParent?: boolean // remove a parent in the same queue that waits for no other child, instead of letting it run
  keepDeduplication?: boolean
}

/** Removes a job: its parent no longer waits for it, and its deduplication id is released. */
export function removeJob(job: Job, removal: Removal = {}): void {
  detachFromParent(job, removal.withParent ? parent => removeJob(parent, removal) : undefined)
  if (!removal.keepDeduplication) releaseOnRemoval(job)
  deleteJob(job)
}

/** Removes a job on request, with its children if asked. Returns 0 if it or one of them is locked by a worker, else 1. */
export function removeOnRequest(queue: Queue, jobId: string, withChildren: boolean): number {
  const job = findJob(queue, jobId)
  if (!job) return 1
  if (isNextOfScheduler(job)) throw new Refused('jobBelongsToScheduler', { jobId })
  if (isLocked(job) || (withChildren && pendingTree(job).some(isLocked))) return 0
  removeTree(job, withChildren ? all : [])
  return 1
}

/** True for the job a scheduler has made for its next run: only the scheduler may remove it. */
export const isNextOfScheduler = ({ queue, id, scheduler_id }: Job): boolean =>
  scheduler_id !== null && queue.sql.scheduler.get(queue.id, scheduler_id)?.next_job === id

export function removeUnprocessedChildren(queue: Queue, jobId: string): void {
  const job = findJob(queue, jobId)
  if (job) removeChildren(job, [Child.unprocessed])
}

const all = Object.values(Child)

function removeTree(job: Job, statuses: ChildCode[]): void {
  detachFromParent(job)
  removeChildren(job, statuses)
  // Removing the last child may just have put this job in line.
  const current = findJob(job.queue, job.id)
  if (!current) return
  removeJob(current)
  job.queue.emit('removed', 'jobId', job.id, 'prev', states[current.state])
}

/** Unless all are removed, children that a worker has taken or that failed stay. */
function removeChildren(job: Job, statuses: ChildCode[]): void {
  for (const child of statuses.flatMap(status => childrenOf(job, status)))
    if (statuses === all || !(isLocked(child) || child.state === State.failed)) removeTree(child, statuses)
}

function pendingTree(job: Job): Job[] {
  const children = childrenOf(job, Child.unprocessed)
  return children.concat(children.flatMap(pendingTree))
}
