import { State, type StateCode } from './schema.ts'
import type { QueueRow, Statements } from './statements.ts'

const defaultMaxEvents = 10_000
/** Events are trimmed whenever this many have been added, not with every one. */
const trimEvery = 256

/** All that changes with a queue's jobs, kept in its row as JSON. */
interface QueueState {
  /** The last number given to a job without an id of its own. */
  lastJob: number
  /** The lowest position given so far, next in line, and the highest, end of the line. */
  front: number
  back: number
  /** Jobs by state. */
  counts: number[]
  /** What BullMQ keeps of a queue's settings: paused, concurrency, max, duration, opts.maxLenEvents, version. */
  meta: Readonly<Record<string, string>>
  /** Jobs started in the current rate-limit window, and its end. */
  limiterCount: number
  limiterUntil: number
  /** No worker looks for stalled jobs before this time. */
  stallCheckUntil: number
  /** The number of the newest event. It only ever rises: whoever reads events relies on it. */
  lastEvent: number
}

const emptyState = (lastEvent = 0): QueueState => ({
  lastJob: 0,
  front: 0,
  back: 0,
  counts: [0, 0, 0, 0, 0, 0, 0],
  meta: {},
  limiterCount: 0,
  limiterUntil: 0,
  stallCheckUntil: 0,
  lastEvent,
})

/** A queue's row in memory, read by many transactions of this process and written once by each that changes it. */
export class Queue {
  #state: QueueState
  #changed = false
  /** Events of the running transaction, each a flat list of fields. */
  #events: string[][] = []

  constructor(
    readonly id: number,
    readonly key: string,
    json?: string,
  ) {
    this.#state = json ? JSON.parse(json) : emptyState()
  }

  get state(): Readonly<QueueState> {
    return this.#state
  }

  get meta(): QueueState['meta'] {
    return this.#state.meta
  }

  counted(state: StateCode): number {
    return this.#state.counts[state]!
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

  /** The state, to be changed. */
  change(): QueueState {
    this.#changed = true
    return this.#state
  }

  /** The position after all others. */
  nextBack(): number {
    return ++this.change().back
  }

  /** The position before all others. */
  nextFront(): number {
    return --this.change().front
  }

  nextJobNumber(): number {
    return ++this.change().lastJob
  }

  count(state: number, by: number): void {
    this.change().counts[state]! += by
  }

  setMeta(meta: Record<string, string>): void {
    this.change().meta = meta
  }

  /** Appends an event to the queue's stream: its name, then field and value in turn. */
  emit(event: string, ...fields: string[]): void {
    this.change().lastEvent++
    this.#events.push(['event', event, ...fields])
  }

  /** As if the queue had never been, but for its event numbers. */
  reset(): void {
    this.#changed = true
    this.#state = emptyState(this.#state.lastEvent)
  }

  /** Remembers how it is now; calling what this returns puts it back. */
  remember(): () => void {
    const state = { ...this.#state, counts: [...this.#state.counts] }
    const changed = this.#changed
    const events = this.#events.length
    return () => {
      this.#state = state
      this.#changed = changed
      this.#events.length = events
    }
  }

  /** Writes it with its events. Returns whether there was anything to write. */
  save(sql: Statements): boolean {
    if (!this.#changed) return false
    const { lastEvent } = this.#state
    const added = this.#events.length
    if (added > 0) {
      sql.addEvents.run(this.id, lastEvent, Date.now(), JSON.stringify(this.#events))
      const maxEvents = Number(this.meta['opts.maxLenEvents'] ?? defaultMaxEvents)
      if (lastEvent % trimEvery < added) sql.trimEvents.run(this.id, lastEvent - maxEvents)
    }
    sql.saveQueue.run(JSON.stringify(this.#state), this.id)
    this.#events = []
    this.#changed = false
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

  constructor(private readonly sql: Statements) {}

  /** The queue of that key, made if need be. For operations that write. */
  open(key: string): Queue {
    const known = this.find(key)
    if (known) return this.#open(known)
    const made = this.#keep(this.sql.addQueue.get(key, JSON.stringify(emptyState()))!)
    this.#undo.set(made, () => this.#drop(made))
    return this.#open(made)
  }

  /** The queue a row refers to. For operations that write. */
  ofId(id: number): Queue {
    return this.#open(this.#byId.get(id) ?? this.#keep(this.sql.queueById.get(id)!))
  }

  /** The queue of that key, or an empty one that is not in the file. For operations that only read. */
  peek(key: string): Queue {
    return this.find(key) ?? new Queue(0, key)
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
    this.#undo.clear()
  }

  /** Writes the changed queues and their events, the last thing a transaction does. Returns them. */
  save(): Queue[] {
    const changed = [...this.#opened].filter(queue => queue.save(this.sql))
    this.#opened.clear()
    return changed
  }

  forget(): void {
    this.#byKey.clear()
    this.#byId.clear()
    this.#undo.clear()
    this.#opened.clear()
  }

  #open(queue: Queue): Queue {
    if (!this.#undo.has(queue)) this.#undo.set(queue, queue.remember())
    this.#opened.add(queue)
    return queue
  }

  #keep({ id, key, state }: QueueRow): Queue {
    const queue = new Queue(id, key, state)
    this.#byKey.set(key, queue)
    this.#byId.set(id, queue)
    return queue
  }

  #drop(queue: Queue): void {
    this.#byKey.delete(queue.key)
    this.#byId.delete(queue.id)
    this.#opened.delete(queue)
  }
}
