import { State, type StateCode } from './schema.ts'
import type { QueueRow, Statements } from './statements.ts'

const defaultMaxEvents = 10_000
/** Events are trimmed whenever this many have been added, not with every one. */
const trimEvery = 256

/** What an operation may change in a queue, as it was before: put back when the operation is rolled back. */
type Before = Pick<
  Queue,
  | 'lastJob'
  | 'front'
  | 'back'
  | 'counts'
  | 'meta'
  | 'limiterCount'
  | 'limiterUntil'
  | 'stallCheckUntil'
  | 'lastEvent'
  | 'changed'
> & { events: number }

/**
 * A queue's row, held in memory between the transactions of this process and written once per transaction. Whatever
 * changes it goes through these methods.
 */
export class Queue {
  lastJob: number
  front: number
  back: number
  counts: number[]
  meta: Readonly<Record<string, string>>
  limiterCount: number
  limiterUntil: number
  stallCheckUntil: number
  lastEvent: number
  changed = false
  /** Events of the running transaction, each a flat list of fields. */
  events: string[][] = []

  constructor(
    readonly id: number,
    readonly key: string,
    row?: QueueRow,
  ) {
    this.lastJob = row?.last_job ?? 0
    this.front = row?.front ?? 0
    this.back = row?.back ?? 0
    this.counts = row ? JSON.parse(row.counts) : [0, 0, 0, 0, 0, 0, 0]
    this.meta = row ? JSON.parse(row.meta) : {}
    this.limiterCount = row?.limiter_count ?? 0
    this.limiterUntil = row?.limiter_until ?? 0
    this.stallCheckUntil = row?.stall_check_until ?? 0
    this.lastEvent = row?.last_event ?? 0
  }

  get isPaused(): boolean {
    return 'paused' in this.meta
  }

  get isMaxed(): boolean {
    return this.meta.concurrency !== undefined && this.counts[State.active]! >= Number(this.meta.concurrency)
  }

  get waiting(): number {
    return this.counts[State.wait]! + this.counts[State.prioritized]!
  }

  /** How many jobs a worker would find if it looked now. */
  get claimable(): number {
    return this.isPaused || this.isMaxed ? 0 : this.waiting
  }

  get maxEvents(): number {
    return Number(this.meta['opts.maxLenEvents'] ?? defaultMaxEvents)
  }

  /** The position after all others. */
  nextBack(): number {
    this.changed = true
    return ++this.back
  }

  /** The position before all others. */
  nextFront(): number {
    this.changed = true
    return --this.front
  }

  nextJobNumber(): number {
    this.changed = true
    return ++this.lastJob
  }

  count(state: number, by: number): void {
    this.changed = true
    this.counts[state]! += by
  }

  counted(state: StateCode): number {
    return this.counts[state]!
  }

  setMeta(meta: Record<string, string>): void {
    this.changed = true
    this.meta = meta
  }

  setLimiter(count: number, until: number): void {
    this.changed = true
    this.limiterCount = count
    this.limiterUntil = until
  }

  setStallCheckUntil(time: number): void {
    this.changed = true
    this.stallCheckUntil = time
  }

  /** Appends an event to the queue's stream: its name, then field and value in turn. */
  emit(event: string, ...fields: string[]): void {
    this.changed = true
    this.lastEvent++
    this.events.push(['event', event, ...fields])
  }

  /** As if the queue had never been, but for its event numbers. */
  reset(): void {
    this.changed = true
    this.lastJob = 0
    this.front = 0
    this.back = 0
    this.counts = [0, 0, 0, 0, 0, 0, 0]
    this.meta = {}
    this.limiterCount = 0
    this.limiterUntil = 0
    this.stallCheckUntil = 0
  }

  before(): Before {
    const { lastJob, front, back, meta, limiterCount, limiterUntil, stallCheckUntil, lastEvent, changed } = this
    const counts = this.counts.slice()
    const events = this.events.length
    return {
      lastJob,
      front,
      back,
      counts,
      meta,
      limiterCount,
      limiterUntil,
      stallCheckUntil,
      lastEvent,
      changed,
      events,
    }
  }

  putBack({ events, ...fields }: Before): void {
    Object.assign(this, fields)
    this.events.length = events
  }
}

/** The queues of one file. Inside a transaction they are this process's memory of it; another process's write clears it. */
export class Queues {
  #byKey = new Map<string, Queue>()
  #byId = new Map<number, Queue>()
  /** Those the running operation has opened, as they were before it; undefined if it has made them. */
  #touched = new Map<Queue, Before | undefined>()
  /** Those the running transaction has opened. */
  #opened = new Set<Queue>()

  constructor(private readonly sql: Statements) {}

  /** The queue of that key, made if need be. For operations that write. */
  open(key: string): Queue {
    const known = this.find(key)
    if (known) return this.#touch(known)
    const made = this.#keep(this.sql.addQueue.get(key)!)
    this.#touched.set(made, undefined)
    return this.#touch(made)
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

  /** The queue a row refers to. */
  ofId(id: number): Queue {
    return this.#touch(this.#byId.get(id) ?? this.#keep(this.sql.queueById.get(id)!))
  }

  beginOperation(): void {
    this.#touched.clear()
  }

  rollBackOperation(): void {
    for (const [queue, before] of this.#touched) {
      if (before) queue.putBack(before)
      else this.#drop(queue)
    }
    this.#touched.clear()
  }

  /** Writes the changed queues and their events; the last thing a transaction does. Returns them. */
  save(): Queue[] {
    const changed = [...this.#opened].filter(queue => queue.changed)
    this.#opened.clear()
    for (const queue of changed) {
      if (queue.events.length > 0) this.#saveEvents(queue)
      this.sql.saveQueue.run(
        queue.lastJob,
        queue.front,
        queue.back,
        JSON.stringify(queue.counts),
        JSON.stringify(queue.meta),
        queue.limiterCount,
        queue.limiterUntil,
        queue.stallCheckUntil,
        queue.lastEvent,
        queue.id,
      )
      queue.changed = false
    }
    return changed
  }

  forget(): void {
    this.#byKey.clear()
    this.#byId.clear()
    this.#touched.clear()
    this.#opened.clear()
  }

  #saveEvents(queue: Queue): void {
    const { lastEvent, events, maxEvents } = queue
    this.sql.addEvents.run(queue.id, lastEvent, Date.now(), JSON.stringify(events))
    if (Math.floor(lastEvent / trimEvery) !== Math.floor((lastEvent - events.length) / trimEvery))
      this.sql.trimEvents.run(queue.id, lastEvent - maxEvents)
    queue.events = []
  }

  #touch(queue: Queue): Queue {
    if (!this.#touched.has(queue)) this.#touched.set(queue, queue.before())
    this.#opened.add(queue)
    return queue
  }

  #drop(queue: Queue): void {
    this.#byKey.delete(queue.key)
    this.#byId.delete(queue.id)
    this.#opened.delete(queue)
  }

  #keep(row: QueueRow): Queue {
    const queue = new Queue(row.id, row.key, row)
    this.#byKey.set(row.key, queue)
    this.#byId.set(row.id, queue)
    return queue
  }
}
