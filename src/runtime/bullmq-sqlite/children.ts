import { move, putInLine, putOff } from './jobs.ts'
import { inLine } from './places.ts'
import type { Queue } from './queues.ts'
import { Child, type ChildCode, State } from './schema.ts'
import type { JobColumns, JobHead } from './statements.ts'

/** What a child's failure does to its parent, as BullMQ writes it in the child's `parent`. */
interface FailurePolicy {
  fpof?: boolean // fail the parent
  cpof?: boolean // let the parent go on at once
  idof?: boolean // note the failure and wait for the others
  rdof?: boolean // forget the child and wait for the others
}

/** A parent or child, which may be in another queue. */
export interface Relative {
  readonly queue: Queue
  readonly job: JobHead
}

/** The parent of a job, if it has one that still exists. */
export function parentOf({ queues, sql }: Queue, job: JobHead): Relative | undefined {
  if (job.parent_queue === null) return undefined
  const parent = sql.jobHead.get(job.parent_queue, job.parent_id)
  return parent ? { queue: queues.ofId(job.parent_queue), job: parent } : undefined
}

/** The children of a job that have that status and still exist. */
export function childrenOf({ queues, sql }: Queue, job: JobHead, status: ChildCode): Relative[] {
  return sql.children.all(job.queue, job.id, status, -1, 0).flatMap(child => {
    const head = sql.jobHead.get(child.queue, child.id)
    return head ? [{ queue: queues.ofId(child.queue), job: head }] : []
  })
}

export function addPendingChild(queue: Queue, parentQueue: number, parentId: string, id: string): void {
  queue.sql.addChild.run(parentQueue, parentId, queue.id, id, Child.pending, null)
}

export function hasChild({ sql }: Queue, job: JobHead, status: ChildCode): boolean {
  return sql.hasChild.get(job.queue, job.id, status) !== null
}

/** A child has completed: its parent gets the result, and runs if it waited for nothing else. */
export function childCompleted(queue: Queue, job: JobHead, returnValue: string, timestamp: number): void {
  if (settle(queue, job, Child.processed, returnValue)) releaseUnlessPending(parentOf(queue, job), timestamp)
}

/** A child has failed for good: what that means to its parent was said when the child was added. */
export function childFailed(queue: Queue, job: JobHead, reason: string, timestamp: number): void {
  if (job.parent === null) return
  const policy: FailurePolicy = JSON.parse(job.parent)
  if (policy.fpof) {
    if (settle(queue, job, Child.failed, null)) failParent(parentOf(queue, job), `${queue.key}:${job.id}`, timestamp)
  } else if (policy.cpof) {
    if (settle(queue, job, Child.ignored, reason)) release(parentOf(queue, job), timestamp)
  } else if (policy.idof || policy.rdof) {
    const settled = policy.idof ? settle(queue, job, Child.ignored, reason) : unlink(queue, job)
    if (settled) releaseUnlessPending(parentOf(queue, job), timestamp)
  }
}

/** A finished child is to run again: its parent waits for it again. */
export function reopenInParent(queue: Queue, job: JobHead): void {
  if (parentOf(queue, job)) queue.sql.reopenChild.run(job.parent_queue, job.parent_id, job.queue, job.id)
}

/** Lets a parent run if it is waiting for its children and none of them is pending. */
export function releaseUnlessPending(parent: Relative | undefined, timestamp: number): void {
  if (parent && !hasChild(parent.queue, parent.job, Child.pending)) release(parent, timestamp)
}

/**
 * A pending child goes away: its parent stops waiting for it. If it was the last one, the parent runs, or, when `remove`
 * is given and it is in the same queue, is removed as well. Returns whether the parent was waiting for the child.
 */
export function detachFromParent(queue: Queue, job: JobHead, remove?: (parent: JobHead) => void): boolean {
  const parent = parentOf(queue, job)
  if (!parent || !unlink(queue, job)) return false
  if (parent.job.state !== State['waiting-children'] || hasChild(queue, parent.job, Child.pending)) return true
  if (!remove) putInLine(parent.queue, parent.job, { priority: 0, end: 'front' })
  else if (parent.queue === queue) remove(parent.job)
  else move(parent.queue, parent.job, inLine(parent.queue, 0, 'front'))
  return true
}

function failParent(parent: Relative | undefined, childKey: string, timestamp: number): void {
  if (!parent || parent.job.state === State.failed) return
  const { queue, job } = parent
  queue.sql.updateJob(job.rowid, { deferred_failure: `child ${childKey} failed` })
  if (job.state === State.delayed) toFront(queue, job, { delay: 0 })
  else release(parent, timestamp)
}

function release(parent: Relative | undefined, timestamp: number): void {
  if (parent?.job.state !== State['waiting-children']) return
  const { queue, job } = parent
  if (job.delay > 0) putOff(queue, job, timestamp, job.delay)
  else toFront(queue, job)
}

function toFront(queue: Queue, job: JobHead, columns?: JobColumns): void {
  move(queue, job, inLine(queue, job.priority, job.priority > 0 ? 'back' : 'front'), columns)
  // Even of one that was delayed, as in Redis.
  queue.emit('waiting', 'jobId', job.id, 'prev', 'waiting-children')
}

/** Returns whether the child was pending. */
function settle({ sql }: Queue, job: JobHead, status: ChildCode, value: string | null): boolean {
  if (job.parent_queue === null) return false
  return sql.settleChild.run(status, value, job.parent_queue, job.parent_id, job.queue, job.id).changes === 1
}

function unlink({ sql }: Queue, job: JobHead): boolean {
  return sql.deletePendingChild.run(job.parent_queue, job.parent_id, job.queue, job.id).changes === 1
}
