import { announceWaiting, delayed, inLine, move } from './places.ts'
import type { Queue } from './queues.ts'
import { Child, type ChildCode, State } from './schema.ts'
import type { JobHead } from './statements.ts'
import type { Tx } from './transactions.ts'

/** What a child's failure does to its parent, as BullMQ writes it in the child's `parent`. */
interface FailurePolicy {
  fpof?: boolean // fail the parent
  cpof?: boolean // let the parent go on at once
  idof?: boolean // note the failure and wait for the others
  rdof?: boolean // forget the child and wait for the others
}

interface Parent {
  readonly queue: Queue
  readonly job: JobHead
}

/** The parent of a job, if it has one that still exists. */
export function parentOf(tx: Tx, job: JobHead): Parent | undefined {
  if (job.parent_queue === null || job.parent_id === null) return undefined
  const parent = tx.sql.jobHead.get(job.parent_queue, job.parent_id)
  return parent ? { queue: tx.queues.ofId(job.parent_queue), job: parent } : undefined
}

export function addPendingChild(tx: Tx, parentQueue: number, parentId: string, queue: number, id: string): void {
  tx.sql.addChild.run(parentQueue, parentId, queue, id, Child.pending, null)
}

export function hasPendingChildren(tx: Tx, job: JobHead): boolean {
  return tx.sql.hasChild.get(job.queue, job.id, Child.pending) !== null
}

export function hasFailedChildren(tx: Tx, job: JobHead): boolean {
  return tx.sql.hasChild.get(job.queue, job.id, Child.failed) !== null
}

/** A child has completed: its parent gets the result, and runs if it waited for nothing else. */
export function childCompleted(tx: Tx, job: JobHead, returnValue: string, timestamp: number): void {
  if (!settle(tx, job, Child.processed, returnValue)) return
  const parent = parentOf(tx, job)
  if (parent) releaseUnlessPending(tx, parent, timestamp)
}

/** A child has failed for good: what that means to its parent was said when the child was added. */
export function childFailed(tx: Tx, queue: Queue, job: JobHead, reason: string, timestamp: number): void {
  if (job.parent === null) return
  const policy: FailurePolicy = JSON.parse(job.parent)
  if (policy.fpof) {
    if (settle(tx, job, Child.failed, null)) failParent(tx, queue, job, timestamp)
  } else if (policy.cpof) {
    if (!settle(tx, job, Child.ignored, reason)) return
    const parent = parentOf(tx, job)
    if (parent) release(tx, parent, timestamp)
  } else if (policy.idof || policy.rdof) {
    const settled = policy.idof ? settle(tx, job, Child.ignored, reason) : unlink(tx, job)
    const parent = settled ? parentOf(tx, job) : undefined
    if (parent) releaseUnlessPending(tx, parent, timestamp)
  }
}

/** A finished child is to run again: its parent waits for it again. */
export function reopenInParent(tx: Tx, job: JobHead): void {
  if (parentOf(tx, job)) tx.sql.reopenChild.run(job.parent_queue!, job.parent_id!, job.queue, job.id)
}

/** Lets a parent run if it is waiting for its children and none of them is pending. */
export function releaseUnlessPending(tx: Tx, parent: Parent, timestamp: number): void {
  if (!hasPendingChildren(tx, parent.job)) release(tx, parent, timestamp)
}

/**
 * A pending child goes away: its parent stops waiting for it. If it was the last one, the parent runs, or, when `remove`
 * is given and it is in the same queue, is removed as well. Returns whether the parent was waiting for the child.
 */
export function detachFromParent(tx: Tx, queue: Queue, job: JobHead, remove?: (parent: JobHead) => void): boolean {
  const parent = parentOf(tx, job)
  if (!parent || !unlink(tx, job)) return false
  if (parent.job.state !== State['waiting-children'] || hasPendingChildren(tx, parent.job)) return true
  if (remove && parent.queue === queue) remove(parent.job)
  else {
    move(tx, parent.queue, parent.job, inLine(parent.queue, 0, 'front'))
    if (!remove) announceWaiting(parent.queue, parent.job.id, 'waiting-children')
  }
  return true
}

function failParent(tx: Tx, queue: Queue, job: JobHead, timestamp: number): void {
  const parent = parentOf(tx, job)
  if (!parent || parent.job.state === State.failed) return
  tx.sql.setDeferredFailure.run(`child ${queue.key}:${job.id} failed`, parent.job.rowid)
  if (parent.job.state === State.delayed) {
    tx.sql.setDelay.run(0, parent.job.rowid)
    toLine(tx, { ...parent, job: { ...parent.job, delay: 0 } }, timestamp)
  } else release(tx, parent, timestamp)
}

function release(tx: Tx, parent: Parent, timestamp: number): void {
  if (parent.job.state === State['waiting-children']) toLine(tx, parent, timestamp)
}

function toLine(tx: Tx, { queue, job }: Parent, timestamp: number): void {
  if (job.delay > 0) {
    const place = delayed(tx, queue, timestamp, job.delay)
    move(tx, queue, job, place)
    queue.emit('delayed', 'jobId', job.id, 'delay', String(place.dueAt))
  } else {
    move(tx, queue, job, inLine(queue, job.priority, job.priority > 0 ? 'back' : 'front'))
    announceWaiting(queue, job.id, 'waiting-children')
  }
}

/** Returns whether the child was pending. */
function settle(tx: Tx, job: JobHead, status: ChildCode, value: string | null): boolean {
  if (job.parent_queue === null || job.parent_id === null) return false
  return tx.sql.settleChild.run(status, value, job.parent_queue, job.parent_id, job.queue, job.id).changes === 1
}

function unlink(tx: Tx, job: JobHead): boolean {
  if (job.parent_queue === null || job.parent_id === null) return false
  return tx.sql.deletePendingChild.run(job.parent_queue, job.parent_id, job.queue, job.id).changes === 1
}
