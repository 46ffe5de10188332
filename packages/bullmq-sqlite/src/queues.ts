import type { IQueueBackend } from 'bullmq'
import { State, type StateCode } from './schema.ts'
import type { QueueRow, Statements } from './statements.ts'

/** The arguments of BullMQ's call of that name. */
export type Args<K extends keyof IQueueBackend> = IQueueBackend[K] extends (...args: infer A) => unknown ? A : never

const defaultMaxEvents = 10_000
const trimEvery = 256 // events are trimmed whenever this many have been added, not with every one

const noMeta: Readonly<Record<string, string>> = {}
/** All that changes with a queue's jobs, kept in its row as JSON. */
const emptyState = {
  lastJob: 0, // the last number given to a job without an id of its own
  front: 0, // the lowest position given so far, next in line
  back: 0, // the highest, end of the line
  counts: [0, 0, 0, 0, 0, 0, 0], // jobs by state
  meta: noMeta, // BullMQ's settings: paused, concurrency, max, duration, opts.maxLenEvents, version
  limiterCount: 0, // jobs started in the current rate-limit window
  limiterUntil: 0, // its end
  stallCheckUntil: 0, // no worker looks for stalled jobs before
  lastEvent: 0, // the number of the newest event; it only ever rises: whoever reads events relies on it
}
const emptyJson = JSON.stringify(emptyState)

/** A queue's row in memory, read by many transactions of this process and written once by each that changes it. */
export class Queue {
  readonly sql: Statements
  state: typeof emptyState // to be changed by operations that write, in queues they have opened
  #saved: string
  #events: string[][] = [] // of the running transaction, each a flat list of fields

  readonly queues: QueueSet
  readonly id: number
  readonly key: string // "<prefix>:<name>"

  constructor(queues: QueueSet, id: number, key: string, json = emptyJson) {
    this.queues = queues
    this.id = id
    this.key = key
    this.sql = queues.sql
    this.state = JSON.parse(json)
    this.#saved = json
  }

  get isPaused(): boolean {
    return 'paused' in this.state.meta
  }

  get isMaxed(): boolean {
    const { concurrency } = this.state.meta
    return concurrency !== undefined && this.counted(State.active) >= Number(concurrency)
  }

  get waiting(): number {
    return this.counted(State.wait) + this.counted(State.prioritized)
  }

  counted(state: StateCode): number {
    return this.state.counts[state]!
  }

  /** A job has gone from one state to another; undefined is out of the queue. */
  recount(from: StateCode | undefined, to: StateCode | undefined): void {
    const { counts } = this.state
    if (from !== undefined) counts[from]!--
    if (to !== undefined) counts[to]!++
  }

  /** Appends an event to the queue's stream: its name, then field and value in turn. */
  emit(event: string, ...fields: string[]): void {
    this.state.lastEvent++
    this.#events.push(['event', event, ...fields])
  }

  /** As if the queue had never been, but for its event numbers. */
  reset(): void {
    this.state = { ...JSON.parse(emptyJson), lastEvent: this.state.lastEvent }
  }

  /** Remembers how it is now; calling what this returns puts it back. */
  remember(): () => void {
    const state = { ...this.state, counts: [...this.state.counts] }
    const events = this.#events.length
    return () => {
      this.state = state
      this.#events.length = events
    }
  }

  /** Writes it with its events. Returns whether there was anything to write. */
  save(): boolean {
    const json = JSON.stringify(this.state)
    if (json === this.#saved) return false
    const { lastEvent } = this.state
    const added = this.#events.length
    if (added > 0) this.sql.addEvents.run(this.id, lastEvent, Date.now(), JSON.stringify(this.#events))
    const maxEvents = Number(this.state.meta['opts.maxLenEvents'] ?? defaultMaxEvents)
    if (lastEvent % trimEvery < added) this.sql.trimEvents.run(this.id, lastEvent - maxEvents)
    this.sql.saveQueue.run(json, this.id)
    this.#events = []
    this.#saved = json
    return true
  }
}

/** The queues of one file. Inside a transaction they are this process's memory of it; another process's write clears it. */
export class QueueSet {
  #known = new Map<string | number, Queue>() // by key and by id
  #opened = new Set<Queue>() // by the running transaction
  #undo = new Map<Queue, () => void>() // how to put back those that were open before the running operation

  readonly sql: Statements
  readonly process: string // the id of this one

  constructor(sql: Statements, process: string) {
    this.sql = sql
    this.process = process
  }

  /** The queue of that key, made if need be, or the one a row refers to. For operations that write. */
  open(name: string | number): Queue {
    const queue = this.find(name) ?? this.#keep(this.sql.addQueue.get(name, emptyJson)!)
    this.#opened.add(queue)
    return queue
  }

  /** The queue of that key, or an empty one that is not in the file. For operations that only read. */
  peek(key: string): Queue {
    return this.find(key) ?? new Queue(this, 0, key)
  }

  find(name: string | number): Queue | undefined {
    const known = this.#known.get(name)
    if (known) return known
    const row = (typeof name === 'string' ? this.sql.queueByKey : this.sql.queueById).get(name)
    return row ? this.#keep(row) : undefined
  }

  beginOperation(): void {
    this.sql.savepoint.run()
    this.#undo.clear()
    for (const queue of this.#opened) this.#undo.set(queue, queue.remember())
  }

  /** A queue that the operation was the first to open is forgotten: the file has it as it was, if it has it at all. */
  rollBackOperation(): void {
    this.sql.rollbackOperation.run()
    this.sql.release.run()
    for (const queue of this.#opened) {
      const putBack = this.#undo.get(queue)
      if (putBack) putBack()
      else this.#forget(queue)
    }
  }

  /** Writes the changed queues and their events, the last thing a transaction does. Returns them. */
  save(): Queue[] {
    const changed = [...this.#opened].filter(queue => queue.save())
    this.#opened.clear()
    return changed
  }

  forget(): void {
    this.#known.clear()
    this.#opened.clear()
  }

  #forget(queue: Queue): void {
    this.#known.delete(queue.key)
    this.#known.delete(queue.id)
    this.#opened.delete(queue)
  }

  #keep({ id, key, state }: QueueRow): Queue {
    const queue = new Queue(this, id, key, state)
    this.#known.set(key, queue).set(id, queue)
    return queue
  }
}
