import { childrenOf, detachFromParent, type Relative } from './children.ts'
import { releaseOnRemoval } from './deduplication.ts'
import { deleteJob, findJob } from './jobs.ts'
import { isLocked } from './locks.ts'
import type { Queue } from './queues.ts'
import { Refused } from './refusals.ts'
import { Child, State, stateNames } from './schema.ts'
import type { JobHead } from './statements.ts'

interface Removal {
  /** Remove a parent in the same queue that waits for nothing else, instead of letting it run. */
  withParent?: boolean
  keepDeduplication?: boolean
}

/** Removes a job: its parent no longer waits for it, its deduplication id is free again. */
export function removeJob(queue: Queue, job: JobHead, removal: Removal = {}): void {
  const removeParent = (parent: JobHead) => removeJob(queue, parent, removal)
  detachFromParent(queue, job, removal.withParent ? removeParent : undefined)
  if (!removal.keepDeduplication) releaseOnRemoval(queue, job)
  deleteJob(queue, job)
}

/** True for the job a scheduler has made for its next run: only the scheduler may remove it. */
export function isNextOfScheduler(queue: Queue, job: JobHead): boolean {
  if (job.scheduler_id === null) return false
  return queue.sql.scheduler.get(queue.id, job.scheduler_id)?.next_job === job.id
}

/** Removes a job on request, with its children if asked. Returns 0 if it or one of those is being worked on, else 1. */
export function removeOnRequest(queue: Queue, jobId: string, withChildren: boolean): number {
  const job = findJob(queue, jobId)
  if (!job) return 1
  if (isNextOfScheduler(queue, job)) throw new Refused('jobBelongsToScheduler', { jobId })
  if (isLocked(job) || (withChildren && pendingTree(queue, job).some(({ job }) => isLocked(job)))) return 0
  removeTree({ queue, job }, withChildren ? 'all' : 'none')
  return 1
}

/** Removes the children of a job that no worker has taken up yet, and theirs. */
export function removeUnprocessedChildren(queue: Queue, jobId: string): void {
  const job = findJob(queue, jobId)
  if (job) removeChildren({ queue, job }, 'unprocessed')
}

type Which = 'none' | 'unprocessed' | 'all'
const statuses = {
  none: [],
  unprocessed: [Child.pending],
  all: [Child.processed, Child.ignored, Child.failed, Child.pending],
}

function removeChildren({ queue, job }: Relative, which: Which): void {
  for (const child of statuses[which].flatMap(status => childrenOf(queue, job, status))) {
    const isTakenUp = isLocked(child.job) || child.job.state === State.failed
    if (which === 'all' || !isTakenUp) removeTree(child, which)
  }
}

function removeTree({ queue, job }: Relative, which: Which): void {
  detachFromParent(queue, job)
  removeChildren({ queue, job }, which)
  // Removing the last child may just have put this job in line.
  const current = findJob(queue, job.id)
  if (!current) return
  releaseOnRemoval(queue, current)
  deleteJob(queue, current)
  queue.emit('removed', 'jobId', current.id, 'prev', stateNames[current.state])
}

function pendingTree(queue: Queue, job: JobHead): Relative[] {
  const children = childrenOf(queue, job, Child.pending)
  return children.concat(children.flatMap(child => pendingTree(child.queue, child.job)))
}
