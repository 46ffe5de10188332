import { State, type StateCode } from './schema.ts'
import type { QueueRow, Statements } from './statements.ts'

const defaultMaxEvents = 10_000
/** Events are trimmed whenever this many have been added, not with every one. */
const trimEvery = 256

const noMeta: Readonly<Record<string, string>> = {}
/** All that changes with a queue's jobs, kept in its row as JSON. */
const emptyState = {
  /** The last number given to a job without an id of its own. */
  lastJob: 0,
  /** The lowest position given so far, next in line, and the highest, end of the line. */
  front: 0,
  back: 0,
  /** Jobs by state. */
  counts: [0, 0, 0, 0, 0, 0, 0],
  /** What BullMQ keeps of a queue's settings: paused, concurrency, max, duration, opts.maxLenEvents, version. */
  meta: noMeta,
  /** Jobs started in the current rate-limit window, and its end. */
  limiterCount: 0,
  limiterUntil: 0,
  /** No worker looks for stalled jobs before this time. */
  stallCheckUntil: 0,
  /** The number of the newest event. It only ever rises: whoever reads events relies on it. */
  lastEvent: 0,
}
const emptyJson = JSON.stringify(emptyState)

/** A queue's row in memory, read by many transactions of this process and written once by each that changes it. */
export class Queue {
  readonly id: number
  readonly key: string
  /** To be changed by operations that write, in queues they have opened. */
  state: typeof emptyState
  #saved: string
  /** Events of the running transaction, each a flat list of fields. */
  #events: string[][] = []

  constructor(
    readonly queues: Queues,
    readonly sql: Statements,
    row: QueueRow,
  ) {
    this.id = row.id
    this.key = row.key
    this.#saved = row.state
    this.state = JSON.parse(row.state)
  }

  get meta() {
    return this.state.meta
  }

  get isPaused(): boolean {
    return 'paused' in this.meta
  }

  get isMaxed(): boolean {
    return this.meta.concurrency !== undefined && this.counted(State.active) >= Number(this.meta.concurrency)
  }

  get waiting(): number {
    return this.counted(State.wait) + this.counted(State.prioritized)
  }

  /** How many jobs a worker would find if it looked now. */
  get claimable(): number {
    return this.isPaused || this.isMaxed ? 0 : this.waiting
  }

  counted(state: StateCode): number {
    return this.state.counts[state]!
  }

  count(state: StateCode, by: number): void {
    this.state.counts[state]! += by
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
    if (added > 0) {
      this.sql.addEvents.run(this.id, lastEvent, Date.now(), JSON.stringify(this.#events))
      const maxEvents = Number(this.meta['opts.maxLenEvents'] ?? defaultMaxEvents)
      if (lastEvent % trimEvery < added) this.sql.trimEvents.run(this.id, lastEvent - maxEvents)
    }
    this.sql.saveQueue.run(json, this.id)
    this.#events = []
    this.#saved = json
    return true
  }
}

/** The queues of one file. Inside a transaction they are this process's memory of it; another process's write clears it. */
export class Queues {
  #byKey = new Map<string, Queue>()
  #byId = new Map<number, Queue>()
  /** How to undo what the running operation has done to each queue it has opened. */
  #undo = new Map<Queue, () => void>()
  /** Those the running transaction has opened. */
  #opened = new Set<Queue>()

  constructor(
    readonly sql: Statements,
    /** The id of this process in the file. */
    readonly process: string,
  ) {}

  /** The queue of that key, made if need be. For operations that write. */
  open(key: string): Queue {
    const known = this.find(key)
    return known ? this.#open(known) : this.#open(this.#keep(this.sql.addQueue.get(key, emptyJson)!), true)
  }

  /** The queue a row refers to. For operations that write. */
  ofId(id: number): Queue {
    return this.#open(this.#byId.get(id) ?? this.#keep(this.sql.queueById.get(id)!))
  }

  /** The queue of that key, or an empty one that is not in the file. For operations that only read. */
  peek(key: string): Queue {
    return this.find(key) ?? new Queue(this, this.sql, { id: 0, key, state: emptyJson })
  }

  find(key: string): Queue | undefined {
    const known = this.#byKey.get(key)
    if (known) return known
    const row = this.sql.queueByKey.get(key)
    return row ? this.#keep(row) : undefined
  }

  beginOperation(): void {
    this.#undo.clear()
  }

  rollBackOperation(): void {
    for (const undo of this.#undo.values()) undo()
  }

  /** Writes the changed queues and their events, the last thing a transaction does. Returns them. */
  save(): Queue[] {
    const changed = [...this.#opened].filter(queue => queue.save())
    this.#opened.clear()
    return changed
  }

  forget(): void {
    for (const memory of [this.#byKey, this.#byId, this.#undo, this.#opened]) memory.clear()
  }

  #open(queue: Queue, isNew = false): Queue {
    if (!this.#undo.has(queue)) this.#undo.set(queue, isNew ? () => this.#drop(queue) : queue.remember())
    this.#opened.add(queue)
    return queue
  }

  #keep(row: QueueRow): Queue {
    const queue = new Queue(this, this.sql, row)
    this.#byKey.set(row.key, queue)
    this.#byId.set(row.id, queue)
    return queue
  }

  #drop(queue: Queue): void {
    this.#byKey.delete(queue.key)
    this.#byId.delete(queue.id)
    this.#opened.delete(queue)
  }
}
