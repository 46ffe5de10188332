import { clock, now } from './clock.ts'
import { type Database, isFileBusy, isSqliteError } from './driver.ts'
import type { Queue, QueueSet } from './queues.ts'

const turnBudget = 8 // ms for the operations of one transaction; the rest follow in the next turn of the event loop
const quickAttempts = 8 // retries on the next turns: most transactions of another process end within a fraction of a ms
const failurePause = 250 // ms before an error like a full disk is reported, so that workers do not spin on it

const holdLimit = 100 // ms that answers of reads wait for takes, at most

/** A take is a write that may hand out a job. */
export type TransactionKind = 'read' | 'write' | 'take'

/** What they need of their store. */
type StoreOfTransactions = {
  readonly path: string
  readonly busyTimeout: number
  prepare(): QueueSet
  requireFile(): void
  onCommit(queues: Queue[]): void
}

interface Operation {
  readonly kind: TransactionKind
  readonly since: number
  run(queues: QueueSet): () => void // runs inside the transaction; the function it returns answers the caller after the commit
  reject(error: unknown): void
}

/** The error of calls after `close`. BullMQ recognises this text as a lost connection and does not log it. */
export const closedError = () => new Error('Connection is closed.')

/**
 * Runs operations on the file. All operations asked for in one turn of the event loop share one transaction, each in its own
 * savepoint. They are answered after the commit, on a later turn.
 */
export class Transactions {
  #waiting: Operation[] = []
  #scheduled = false
  queues: QueueSet | undefined // set by the first transaction; may be read outside transactions too
  #dataVersion = 0
  #attempts = 0
  #closed = false
  #idle: (() => void) | undefined
  #takes = 0 // takes asked for and not yet answered
  #handsOut = false // true from the first take that has run until no take is left to answer
  #held: (() => void)[] = [] // answers of reads that wait for takes
  #holdTimer: ReturnType<typeof setTimeout> | undefined

  readonly #db: Database
  readonly #store: StoreOfTransactions

  constructor(db: Database, store: StoreOfTransactions) {
    this.#db = db
    this.#store = store
  }

  /**
   * A take is answered one turn later, so that code that added the job in the same transaction gets its answer before a worker
   * starts the job. Reads are answered after the takes they may have seen, so that a job that is seen as active can be cancelled:
   * its worker has it. BullMQ's worker starts jobs only when it has taken as many as it has room for, so reads wait until no
   * further take follows.
   */
  run<T>(kind: TransactionKind, work: (queues: QueueSet) => T): Promise<T> {
    if (this.#closed) return Promise.reject(closedError())
    return new Promise((resolve, reject) => {
      if (kind === 'take') this.#takes++
      const run = (queues: QueueSet) => {
        const value = work(queues)
        if (kind === 'take') this.#handsOut = true
        if (kind === 'write') return () => resolve(value)
        if (kind === 'read') return this.#handsOut ? () => this.#hold(() => resolve(value)) : () => resolve(value)
        return () =>
          void clock.setImmediate(() => {
            resolve(value)
            clock.setImmediate(this.#takeAnswered) // by then the worker may have asked for another job
          })
      }
      const refuse = (error: unknown) => {
        if (kind === 'take') this.#takeAnswered()
        reject(error)
      }
      this.#waiting.push({ kind, since: now(), run, reject: refuse })
      this.#schedule()
    })
  }

  /** Refuses further operations and finishes those already asked for. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#scheduled) await new Promise<void>(resolve => (this.#idle = resolve))
    this.#releaseReads()
  }

  #hold(answer: () => void): void {
    this.#held.push(answer)
    this.#holdTimer ??= clock.setTimeout(this.#releaseReads, holdLimit)
  }

  #takeAnswered = (): void => {
    if (--this.#takes > 0) return
    this.#handsOut = false
    this.#releaseReads()
  }

  #releaseReads = (): void => {
    clock.clearTimeout(this.#holdTimer)
    this.#holdTimer = undefined
    for (const answer of this.#held.splice(0)) answer()
  }

  /** A number that changes when another process has written. A change drops the cached queues. */
  dataVersion(): number {
    const version = this.queues?.sql.dataVersion.get()?.data_version ?? 0
    if (version !== this.#dataVersion) this.queues?.forget()
    this.#dataVersion = version
    return version
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    clock.setImmediate(this.#turn)
  }

  #turn = (): void => {
    const operations = this.#waiting
    this.#waiting = []
    let result: { answers: (() => void)[]; changed: Queue[] }
    try {
      result = this.#runAll(operations)
    } catch (error) {
      this.#rollBack()
      if (isFileBusy(error)) return void this.#retry(operations)
      result = { answers: operations.map(operation => refusal(operation, error)), changed: [] }
    }
    this.#attempts = 0
    this.#store.onCommit(result.changed)
    for (const answer of result.answers) answer()
    this.#scheduled = false
    if (this.#waiting.length > 0) this.#schedule()
    else this.#idle?.()
  }

  /** Runs as many operations as the budget allows, and commits. The others stay first in the waiting list. */
  #runAll(operations: Operation[]) {
    const queues = (this.queues ??= this.#store.prepare())
    const { sql } = queues
    if (operations.some(({ kind }) => kind !== 'read')) sql.beginWrite.run()
    else sql.beginRead.run()
    this.dataVersion()
    const endsAt = performance.now() + turnBudget
    const answers: (() => void)[] = []
    for (const operation of operations) {
      // A single operation needs no savepoint: if it throws, the whole transaction is rolled back.
      answers.push(operations.length === 1 ? operation.run(queues) : this.#runGuarded(queues, operation))
      if (performance.now() > endsAt) break
    }
    this.#store.requireFile()
    const changed = queues.save()
    sql.commit.run()
    this.#waiting = operations.slice(answers.length).concat(this.#waiting)
    return { answers, changed }
  }

  /** In a savepoint: if the operation throws, it is undone and the transaction goes on without it. */
  #runGuarded(queues: QueueSet, operation: Operation): () => void {
    const writes = operation.kind !== 'read'
    try {
      if (writes) queues.beginOperation()
      const answer = operation.run(queues)
      if (writes) queues.sql.release.run()
      return answer
    } catch (error) {
      // Errors like a full disk end the whole transaction.
      if (!this.#db.inTransaction) throw error
      if (writes) queues.rollBackOperation()
      return refusal(operation, error)
    }
  }

  #rollBack(): void {
    this.queues?.forget()
    try {
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK')
    } catch {
      // The error that led here is the one to report.
    }
  }

  /** Another process holds the file: tries again soon, after a random time, so that processes do not collide again. */
  #retry(operations: Operation[]): void {
    const deadline = now() - this.#store.busyTimeout
    for (const { since, reject } of operations)
      if (since < deadline) reject(new Error(`${this.#store.path} is locked by another process`))
    this.#waiting = operations.filter(({ since }) => since >= deadline).concat(this.#waiting)
    if (this.#attempts++ < quickAttempts) clock.setImmediate(this.#turn)
    else clock.setTimeout(this.#turn, 1 + Math.random() * Math.min(17, this.#attempts - quickAttempts))
  }
}

function refusal({ reject }: Operation, error: unknown): () => void {
  return () => void (isSqliteError(error) ? clock.setTimeout(() => reject(error), failurePause) : reject(error))
}
