import { clock, now } from './clock.ts'
import { type Database, isFileBusy, isSqliteError } from './driver.ts'
import type { Queue, QueueSet } from './queues.ts'
import type { Store } from './store.ts'

const turnBudget = 8 // ms the operations of one transaction may take together; then the event loop goes on
const quickAttempts = 8 // on the next turns: a transaction of another process is mostly over in a fraction of a ms
const failurePause = 250 // ms by which a full disk and the like are told late, so that workers do not spin on it

const holdLimit = 100 // ms that the answers of reads wait for takes at most

/** A take is a write that may hand out a job. */
export type TransactionKind = 'read' | 'write' | 'take'

type StoreOfTransactions = Pick<Store, 'path' | 'busyTimeout' | 'prepare' | 'requireFile' | 'committed'>

interface Operation {
  readonly kind: TransactionKind
  readonly since: number
  run(queues: QueueSet): () => void // inside the transaction; what it returns answers the caller after the commit
  reject(error: unknown): void
}

/** What calls after `close` are refused with; BullMQ knows this text as a lost connection and keeps quiet about it. */
export const closedError = () => new Error('Connection is closed.')

/**
 * Runs operations against the file. All that are asked for in one turn of the event loop share one transaction, each in a
 * savepoint of its own; all are answered after the commit, on a later turn than they were asked.
 */
export class Transactions {
  #waiting: Operation[] = []
  #scheduled = false
  queues: QueueSet | undefined // there from the first transaction on; may be read outside any by those who cannot wait
  #dataVersion = 0
  #attempts = 0
  #closed = false
  #idle: (() => void) | undefined
  #takes = 0 // asked for and not yet answered
  #handsOut = false // from the first take that has run until none is left to answer
  #held: (() => void)[] = [] // answers of reads that wait for them
  #holdTimer: ReturnType<typeof setTimeout> | undefined

  readonly #db: Database
  readonly #store: StoreOfTransactions

  constructor(db: Database, store: StoreOfTransactions) {
    this.#db = db
    this.#store = store
  }

  /**
   * A take is answered one turn later, so that whoever added the job in this same transaction has been answered, and has
   * run on, before a worker starts on it. Reads are answered after the takes they may have seen: a job that somebody sees
   * active can be cancelled, because its worker has it. BullMQ's worker starts jobs only when it has taken all it has
   * room for, so reads wait until no take follows the last.
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
            clock.setImmediate(this.#takeAnswered) // by when the worker may have asked for another job
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

  /** Refuses further operations; those already asked for are done. */
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

  /** Another number whenever another process has written; then what is in memory is forgotten. */
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
    let done: { answers: (() => void)[]; changed: Queue[] }
    try {
      done = this.#runAll(operations)
    } catch (error) {
      this.#abandon()
      if (isFileBusy(error)) return void this.#tryAgain(operations)
      done = { answers: operations.map(operation => refusal(operation, error)), changed: [] }
    }
    this.#attempts = 0
    this.#store.committed(done.changed)
    for (const answer of done.answers) answer()
    this.#scheduled = false
    if (this.#waiting.length > 0) this.#schedule()
    else this.#idle?.()
  }

  /** Runs as many operations as the budget allows, and commits. The rest goes back to the head of the line. */
  #runAll(operations: Operation[]) {
    const queues = (this.queues ??= this.#store.prepare())
    const { sql } = queues
    if (operations.some(({ kind }) => kind !== 'read')) sql.beginWrite.run()
    else sql.beginRead.run()
    this.dataVersion()
    const until = performance.now() + turnBudget
    const answers: (() => void)[] = []
    for (const operation of operations) {
      // One that has the transaction to itself needs no savepoint: if it throws, so does this.
      answers.push(operations.length === 1 ? operation.run(queues) : this.#runGuarded(queues, operation))
      if (performance.now() > until) break
    }
    this.#store.requireFile()
    const changed = queues.save()
    sql.commit.run()
    this.#waiting = operations.slice(answers.length).concat(this.#waiting)
    return { answers, changed }
  }

  /** In a savepoint: if the operation throws, what it did is undone and the transaction goes on without it. */
  #runGuarded(queues: QueueSet, operation: Operation): () => void {
    const writes = operation.kind !== 'read'
    try {
      if (writes) queues.beginOperation()
      const answer = operation.run(queues)
      if (writes) queues.sql.release.run()
      return answer
    } catch (error) {
      // A full disk and its like end the whole transaction.
      if (!this.#db.inTransaction) throw error
      if (writes) queues.rollBackOperation()
      return refusal(operation, error)
    }
  }

  #abandon(): void {
    this.queues?.forget()
    try {
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK')
    } catch {
      // The error that led here is the one to tell.
    }
  }

  /** Another process holds the file: try again soon, at a time no two processes agree on. */
  #tryAgain(operations: Operation[]): void {
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
