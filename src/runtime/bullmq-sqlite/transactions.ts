import { SQLiteError } from 'bun:sqlite'
import { clock, now } from './clock.ts'
import type { Queue, Queues } from './queues.ts'
import type { Statements } from './statements.ts'

/** How long the operations of one transaction may take together, in ms, before it is committed and the event loop goes on. */
const turnBudget = 8
/** A transaction of another process is mostly over in a fraction of a ms: this often it is tried again on the next turn. */
const quickAttempts = 8
/** A transaction that failed for want of disk or the like answers this much later, in ms, so that workers do not spin on it. */
const failurePause = 250

/** What the operations are handed. */
export interface Tx {
  readonly sql: Statements
  readonly queues: Queues
  /** The id of this process in the file. */
  readonly process: string
}

interface Operation {
  /** Does the work inside the transaction; what it returns answers the caller after the commit. */
  run(tx: Tx): () => void
  readonly writes: boolean
  readonly since: number
  reject(error: unknown): void
}

interface Hooks {
  /** Makes the file ready for its first transaction; throws "busy" like any statement. */
  prepare(): Tx
  inTransaction(): boolean
  committed(changed: Queue[]): void
}

/** What calls after `close` are refused with; BullMQ knows this text as a lost connection and keeps quiet about it. */
export const closedError = () => new Error('Connection is closed.')

/**
 * Runs operations against the file. All operations asked for in one turn of the event loop share one transaction, each in
 * a savepoint of its own, so that one refused does not touch the others; all are answered after the commit, on a later
 * turn than they were asked. The lock of the file is never waited for on the event loop: a busy file is tried again by timer.
 */
export class Transactions {
  #waiting: Operation[] = []
  #scheduled = false
  #tx: Tx | undefined
  #dataVersion = -1
  #foreignChanges = 0
  #attempts = 0
  #closed = false
  #idle: (() => void) | undefined

  constructor(
    private readonly path: string,
    /** How long an operation waits for other processes to let go of the file, in ms. */
    private readonly patience: number,
    private readonly hooks: Hooks,
  ) {}

  read<T>(run: (tx: Tx) => T): Promise<T> {
    return this.#add(run, false, false)
  }

  write<T>(run: (tx: Tx) => T): Promise<T> {
    return this.#add(run, true, false)
  }

  /**
   * A write that hands out work: answered one turn later, so that whoever added the job in this same transaction has been
   * answered, and has run on, before a worker starts on it.
   */
  take<T>(run: (tx: Tx) => T): Promise<T> {
    return this.#add(run, true, true)
  }

  /** Refuses further operations; resolves when those already asked for are done. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#scheduled) await new Promise<void>(resolve => (this.#idle = resolve))
  }

  /** Looks whether another process has written, and forgets what it may have changed. Returns how often one has so far. */
  foreignChanges(): number {
    if (!this.#tx) return 0
    const version = this.#tx.sql.dataVersion.get()!.data_version
    if (version !== this.#dataVersion) {
      this.#dataVersion = version
      this.#foreignChanges++
      this.#tx.queues.forget()
    }
    return this.#foreignChanges
  }

  #add<T>(work: (tx: Tx) => T, writes: boolean, late: boolean): Promise<T> {
    if (this.#closed) return Promise.reject(closedError())
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const run = (tx: Tx) => {
      const value = work(tx)
      return late ? () => void clock.setImmediate(() => resolve(value)) : () => resolve(value)
    }
    this.#waiting.push({ run, writes, since: now(), reject })
    this.#schedule()
    return promise
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
      this.#begin(operations)
      done = this.#runAll(operations)
    } catch (error) {
      this.#abandon()
      if (isBusy(error)) this.#tryAgain(operations)
      else this.#fail(operations, error)
      return
    }
    this.#attempts = 0
    this.hooks.committed(done.changed)
    for (const answer of done.answers) answer()
    this.#next()
  }

  #begin(operations: Operation[]): void {
    this.#tx ??= this.hooks.prepare()
    const { sql } = this.#tx
    if (operations.some(operation => operation.writes)) sql.beginWrite.run()
    else sql.beginRead.run()
    this.foreignChanges()
  }

  /** Runs as many operations as the budget allows, and commits. The rest goes back to the head of the line. */
  #runAll(operations: Operation[]) {
    const tx = this.#tx!
    const until = performance.now() + turnBudget
    const answers: (() => void)[] = []
    // One that has the transaction to itself needs no savepoint: if it throws, so does this.
    const run = operations.length === 1 ? this.#runAlone : this.#runGuarded
    for (const operation of operations) {
      answers.push(run(tx, operation))
      if (performance.now() > until) break
    }
    const changed = tx.queues.save()
    tx.sql.commit.run()
    if (answers.length < operations.length) this.#waiting = operations.slice(answers.length).concat(this.#waiting)
    return { answers, changed }
  }

  #runAlone = (tx: Tx, operation: Operation): (() => void) => {
    tx.queues.beginOperation()
    return operation.run(tx)
  }

  /** In a savepoint: if the operation throws, what it did is undone and the transaction goes on without it. */
  #runGuarded = (tx: Tx, operation: Operation): (() => void) => {
    if (operation.writes) tx.sql.savepoint.run()
    tx.queues.beginOperation()
    try {
      const answer = operation.run(tx)
      if (operation.writes) tx.sql.release.run()
      return answer
    } catch (error) {
      // A full disk and its like end the whole transaction.
      if (!this.hooks.inTransaction()) throw error
      if (operation.writes) {
        tx.sql.rollbackOperation.run()
        tx.sql.release.run()
        tx.queues.rollBackOperation()
      }
      return refusal(operation, error)
    }
  }

  #abandon(): void {
    this.#tx?.queues.forget()
    try {
      if (this.hooks.inTransaction()) this.#tx?.sql.rollback.run()
    } catch {
      // The error that led here is the one to tell.
    }
  }

  /** Another process holds the file: try again soon, at a time no two processes agree on. */
  #tryAgain(operations: Operation[]): void {
    const deadline = now() - this.patience
    const late = operations.filter(operation => operation.since < deadline)
    for (const { reject } of late) reject(new Error(`${this.path} is locked by another process`))
    this.#waiting = operations.filter(operation => operation.since >= deadline).concat(this.#waiting)
    if (this.#attempts++ < quickAttempts) clock.setImmediate(this.#turn)
    else clock.setTimeout(this.#turn, 1 + Math.random() * Math.min(17, this.#attempts - quickAttempts))
  }

  #fail(operations: Operation[], error: unknown): void {
    for (const operation of operations) refusal(operation, error)()
    this.#next()
  }

  #next(): void {
    this.#scheduled = false
    if (this.#waiting.length > 0) this.#schedule()
    else this.#idle?.()
  }
}

function refusal({ reject }: Operation, error: unknown): () => void {
  if (error instanceof SQLiteError) return () => void clock.setTimeout(() => reject(error), failurePause)
  return () => reject(error)
}

function isBusy(error: unknown): boolean {
  return error instanceof SQLiteError && /^SQLITE_(BUSY|PROTOCOL)/.test(error.code ?? '')
}
