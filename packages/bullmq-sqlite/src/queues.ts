import type { IQueueBackend } from 'bullmq'
import { State, type StateCode } from './schema.ts'
import type { QueueRow, Statements } from './statements.ts'

/** The arguments of BullMQ's call of that name. */
export type Args<K extends keyof IQueueBackend> = IQueueBackend[K] extends (...args: infer A) => unknown ? A : never

const defaultMaxEvents = 10_000
const trimEvery = 256 // events are trimmed whenever this many have been added, not with every one

const noMeta: Readonly<Record<string, string>> = {}
/** The state of a queue that changes with its jobs, stored in its row as JSON. */
const emptyState = {
  lastJob: 0, // the last number used as the id of a job without one
  front: 0, // the lowest position given so far: the front of the line
  back: 0, // the highest: the back of the line
  counts: [0, 0, 0, 0, 0, 0, 0], // jobs by state
  meta: noMeta, // BullMQ's settings: paused, concurrency, max, duration, opts.maxLenEvents, version
  limiterCount: 0, // jobs started in the current rate-limit window
  limiterUntil: 0, // when that window ends
  stallCheckUntil: 0, // no worker checks for stalled jobs before this time
  lastEvent: 0, // the number of the newest event; it never goes back, which readers of events rely on
}
const emptyJson = JSON.stringify(emptyState)

/** A queue's row in memory. Transactions of this process share it, and each one that changes it writes it once. */
export class Queue {
  readonly sql: Statements
  state: typeof emptyState // may be changed only by operations that write, and only after `open`
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
    return concurrency !== undefined && this.count(State.active) >= Number(concurrency)
  }

  get waitingCount(): number {
    return this.count(State.wait) + this.count(State.prioritized)
  }

  count(state: StateCode): number {
    return this.state.counts[state]!
  }

  /** Counts a job's change of state; undefined stands for not in the queue. */
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

  /** Resets everything except the event numbers, which never repeat. */
  reset(): void {
    this.state = { ...JSON.parse(emptyJson), lastEvent: this.state.lastEvent }
  }

  /** Remembers the state in memory. Returns a function that restores it. */
  remember(): () => void {
    const state = { ...this.state, counts: [...this.state.counts] }
    const events = this.#events.length
    return () => {
      this.state = state
      this.#events.length = events
    }
  }

  /** Writes the state and the new events. Returns whether anything had changed. */
  save(): boolean {
    const json = JSON.stringify(this.state)
    if (json === this.#saved) return false
    const { lastEvent } = this.state
    const addedCount = this.#events.length
    if (addedCount > 0) this.sql.addEvents.run(this.id, lastEvent, Date.now(), JSON.stringify(this.#events))
    const maxEvents = Number(this.state.meta['opts.maxLenEvents'] ?? defaultMaxEvents)
    if (lastEvent % trimEvery < addedCount) this.sql.trimEvents.run(this.id, lastEvent - maxEvents)
    this.sql.saveQueue.run(json, this.id)
    this.#events = []
    this.#saved = json
    return true
  }
}

/** The queues of one file, cached in memory. The cache is dropped when another process has written. */
export class QueueSet {
  #cached = new Map<string | number, Queue>() // by key and by id
  #opened = new Set<Queue>() // by the running transaction
  #undo = new Map<Queue, () => void>() // restores the queues that were open before the running operation

  readonly sql: Statements
  readonly process: string // the id of this process

  constructor(sql: Statements, process: string) {
    this.sql = sql
    this.process = process
  }

  /** The queue with this key, created if it does not exist, or with this id. For operations that write. */
  open(name: string | number): Queue {
    const queue = this.find(name) ?? this.#keep(this.sql.addQueue.get(name, emptyJson)!)
    this.#opened.add(queue)
    return queue
  }

  /** The queue with this key, or an empty one that is not in the file. For operations that only read. */
  peek(key: string): Queue {
    return this.find(key) ?? new Queue(this, 0, key)
  }

  find(name: string | number): Queue | undefined {
    const cached = this.#cached.get(name)
    if (cached) return cached
    const row = (typeof name === 'string' ? this.sql.queueByKey : this.sql.queueById).get(name)
    return row ? this.#keep(row) : undefined
  }

  beginOperation(): void {
    this.sql.savepoint.run()
    this.#undo.clear()
    for (const queue of this.#opened) this.#undo.set(queue, queue.remember())
  }

  /** Restores the queues in memory. One that this operation was the first to open is dropped from the cache instead. */
  rollBackOperation(): void {
    this.sql.rollbackOperation.run()
    this.sql.release.run()
    for (const queue of this.#opened) {
      const restore = this.#undo.get(queue)
      if (restore) restore()
      else this.#forget(queue)
    }
  }

  /** Writes the changed queues and their events, as the last step of a transaction. Returns the changed queues. */
  save(): Queue[] {
    const changed = [...this.#opened].filter(queue => queue.save())
    this.#opened.clear()
    return changed
  }

  forget(): void {
    this.#cached.clear()
    this.#opened.clear()
  }

  #forget(queue: Queue): void {
    this.#cached.delete(queue.key)
    this.#cached.delete(queue.id)
    this.#opened.delete(queue)
  }

  #keep({ id, key, state }: QueueRow): Queue {
    const queue = new Queue(this, id, key, state)
    this.#cached.set(key, queue).set(id, queue)
    return queue
  }
}
