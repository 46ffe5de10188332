import { findJob, type Job, move, moveToDelayed, type ParentColumns, placeInLine, putInLine } from './jobs.ts'
import type { Queue } from './queues.ts'
import { Child, type ChildCode, State } from './schema.ts'
import type { JobColumns } from './statements.ts'

/** What a child's failure does to its parent, as BullMQ writes it in the child's `parent`. */
interface FailurePolicy {
  fpof?: boolean // fail the parent
  cpof?: boolean // let the parent run at once
  idof?: boolean // note the failure and wait for the others
  rdof?: boolean // forget the child and wait for the others
}

type ChildOf = ParentColumns & { readonly queue: Queue; readonly id: string }

const keyOf = (child: ChildOf) => [child.parent_queue, child.parent_id, child.queue.id, child.id] as const

/** The parent of a job, which may be in another queue, if it has one that still exists. */
export const parentOf = ({ queue, parent_queue, parent_id }: ChildOf): Job | undefined =>
  parent_queue === null ? undefined : findJob(queue.queues.open(parent_queue), parent_id)

export function childrenOf({ queue, id }: Job, status: ChildCode): Job[] {
  const children = queue.sql.children.all(queue.id, id, status, -1, 0)
  return children.flatMap(child => findJob(queue.queues.open(child.queue), child.id) ?? [])
}

export const hasChild = ({ queue, id }: Job, status: ChildCode): boolean =>
  Boolean(queue.sql.hasChild.get(queue.id, id, status))

export const setChild = (child: ChildOf, status: ChildCode, value: string | null): void =>
  void child.queue.sql.setChild.run(status, value, ...keyOf(child))

/** A child has completed: its parent gets the result, and runs if it waits for no other child. */
export function childCompleted(job: Job, returnValue: string, timestamp: number): void {
  if (job.parent === null || !settle(job, Child.processed, returnValue)) return
  releaseUnlessPending(parentOf(job), timestamp)
}

/** A child has failed for good. The options it was added with say what that does to its parent. */
export function childFailed(job: Job, reason: string, timestamp: number): void {
  if (job.parent === null) return
  const { fpof, cpof, idof, rdof }: FailurePolicy = JSON.parse(job.parent)
  if (fpof && settle(job, Child.failed, null)) failParent(job, timestamp)
  else if (cpof && settle(job, Child.ignored, reason)) release(parentOf(job), timestamp)
  else if ((idof && settle(job, Child.ignored, reason)) || (rdof && unlink(job)))
    releaseUnlessPending(parentOf(job), timestamp)
}

/** A finished child runs again: its parent, if it still exists, waits for it again. */
export function childReopened(job: Job): void {
  if (parentOf(job)) job.queue.sql.reopenChild.run(...keyOf(job))
}

/** Lets a parent run if it is waiting for its children and none of them is pending. */
export function releaseUnlessPending(parent: Job | undefined, timestamp: number): void {
  if (parent && !hasChild(parent, Child.unprocessed)) release(parent, timestamp)
}

/**
 * A pending child is removed: its parent stops waiting for it. If it was the last one, the parent runs or, when `remove` is
 * given and it is in the same queue, is removed as well. Returns whether the parent was waiting for the child.
 */
export function detachFromParent(job: Job, remove?: (parent: Job) => void): boolean {
  const parent = parentOf(job)
  if (!parent || !unlink(job)) return false
  if (parent.state !== State['waiting-children'] || hasChild(parent, Child.unprocessed)) return true
  if (!remove) putInLine(parent, 0, 'front')
  else if (parent.queue === job.queue) remove(parent)
  else move(parent, placeInLine(parent.queue, 0, 'front'))
  return true
}

function failParent(job: Job, timestamp: number): void {
  const parent = parentOf(job)
  if (!parent || parent.state === State.failed) return
  parent.queue.sql.updateJob(parent.rowid, { deferred_failure: `child ${job.queue.key}:${job.id} failed` })
  if (parent.state === State.delayed) moveToFront(parent, { delay: 0 })
  else release(parent, timestamp)
}

function release(parent: Job | undefined, timestamp: number): void {
  if (parent?.state !== State['waiting-children']) return
  if (parent.delay > 0) moveToDelayed(parent, timestamp, parent.delay)
  else moveToFront(parent)
}

function moveToFront(job: Job, columns?: JobColumns): void {
  move(job, placeInLine(job.queue, job.priority, job.priority > 0 ? 'back' : 'front'), columns)
  // The same event for a job that was delayed, as in Redis.
  job.queue.emit('waiting', 'jobId', job.id, 'prev', 'waiting-children')
}

/** Records how a pending child has ended. Returns whether it was pending. */
const settle = (child: Job, status: ChildCode, value: string | null): boolean =>
  child.queue.sql.settleChild.run(status, value, ...keyOf(child)).changes === 1

const unlink = (child: Job): boolean => child.queue.sql.deletePendingChild.run(...keyOf(child)).changes === 1
