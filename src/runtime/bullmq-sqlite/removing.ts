import { detachFromParent } from './children.ts'
import { releaseOnRemoval } from './deduplication.ts'
import { deleteJob } from './jobs.ts'
import { isLocked } from './locks.ts'
import type { Queue } from './queues.ts'
import { Code, Refused } from './refusals.ts'
import { Child, type ChildCode, State, stateNames } from './schema.ts'
import type { JobHead } from './statements.ts'
import type { Tx } from './transactions.ts'

interface Removal {
  /** Remove a parent in the same queue that waits for nothing else, instead of letting it run. */
  withParent?: boolean
  keepDeduplication?: boolean
}

/** Removes a job: its parent no longer waits for it, its deduplication id is free again. */
export function removeJob(tx: Tx, queue: Queue, job: JobHead, removal: Removal = {}): void {
  const removeParent = (parent: JobHead) => removeJob(tx, queue, parent, removal)
  detachFromParent(tx, queue, job, removal.withParent ? removeParent : undefined)
  if (!removal.keepDeduplication) releaseOnRemoval(tx, queue, job)
  deleteJob(tx, queue, job)
}

/** True for the job a scheduler has made for its next run: only the scheduler may remove it. */
export function isNextOfScheduler(tx: Tx, queue: Queue, job: JobHead): boolean {
  if (job.scheduler_id === null) return false
  return tx.sql.scheduler.get(queue.id, job.scheduler_id)?.next_job === job.id
}

/** Removes a job on request, with its children if asked. Returns false if it or one of those is being worked on. */
export function removeOnRequest(tx: Tx, queue: Queue, jobId: string, withChildren: boolean): boolean {
  const job = tx.sql.jobHead.get(queue.id, jobId)
  if (!job) return true
  if (isNextOfScheduler(tx, queue, job)) throw new Refused(Code.jobBelongsToScheduler, { jobId })
  if (isLocked(job) || (withChildren && pendingTree(tx, job).some(({ job }) => isLocked(job)))) return false
  removeTree(tx, queue, job, { withChildren })
  return true
}

/** Removes the children of a job that no worker has taken up yet, and theirs. */
export function removeUnprocessedChildren(tx: Tx, queue: Queue, jobId: string): void {
  for (const child of childrenOf(tx, queue.id, jobId, [Child.pending])) {
    if (!isLocked(child.job) && child.job.state !== State.failed)
      removeTree(tx, child.queue, child.job, { withChildren: true, onlyUnprocessed: true })
  }
}

interface Relative {
  readonly queue: Queue
  readonly job: JobHead
}

function removeTree(
  tx: Tx,
  queue: Queue,
  job: JobHead,
  options: { withChildren: boolean; onlyUnprocessed?: boolean },
): void {
  detachFromParent(tx, queue, job)
  if (options.withChildren) {
    const statuses = options.onlyUnprocessed
      ? [Child.pending]
      : [Child.processed, Child.ignored, Child.failed, Child.pending]
    for (const child of childrenOf(tx, queue.id, job.id, statuses)) {
      if (options.onlyUnprocessed && (isLocked(child.job) || child.job.state === State.failed)) continue
      removeTree(tx, child.queue, child.job, options)
    }
  }
  // Removing the last child may just have put this job in line.
  const current = tx.sql.jobHead.get(queue.id, job.id)
  if (!current) return
  releaseOnRemoval(tx, queue, current)
  deleteJob(tx, queue, current)
  queue.emit('removed', 'jobId', current.id, 'prev', stateNames[current.state]!)
}

function childrenOf(tx: Tx, queueId: number, jobId: string, statuses: ChildCode[]): Relative[] {
  return statuses
    .flatMap(status => tx.sql.children.all(queueId, jobId, status, -1, 0))
    .flatMap(child => {
      const job = tx.sql.jobHead.get(child.queue, child.id)
      return job ? [{ queue: tx.queues.ofId(child.queue), job }] : []
    })
}

function pendingTree(tx: Tx, job: JobHead): Relative[] {
  const children = childrenOf(tx, job.queue, job.id, [Child.pending])
  return children.concat(children.flatMap(child => pendingTree(tx, child.job)))
}
