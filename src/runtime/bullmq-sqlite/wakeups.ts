import { clock } from './clock.ts'
import type { Queue } from './queues.ts'

/** How often idle workers and event readers look whether another process has written, in ms. */
const lookEvery = 40
/** Waking for a delayed job this much later, in ms, makes sure its time has come by every clock involved. */
const dueSlack = 1
/** Timers hold no more than this many ms; whoever waits has a timeout of his own that comes long before. */
const longestTimer = 2 ** 31 - 1

/** What there is on a queue for those who wait. */
export interface Sight {
  /** How many jobs a worker could take up now. */
  readonly claimable: number
  /** When the next delayed job is due, by `Date.now()`; Infinity if there is none. */
  readonly dueAt: number
  readonly lastEvent: number
}

interface Waiter {
  readonly queueKey: string
  /** The event after which it reads; undefined if it waits for jobs. */
  readonly after: number | undefined
  dueAt: number
  dueTimer: ReturnType<typeof setTimeout> | undefined
  wake(found: boolean): void
}

interface Hooks {
  /** How often so far another process has been found to have written. */
  foreignChanges(): number
  lookAt(queueKey: string): Sight
}

/**
 * Who waits for jobs or events. This process's own commits wake at once, exactly as many workers as there are jobs; those
 * of other processes are noticed by a look at the file's version, a memory read.
 */
export class Wakeups {
  #waiters = new Set<Waiter>()
  #looking: ReturnType<typeof setInterval> | undefined
  #seenChanges = 0

  constructor(private readonly hooks: Hooks) {}

  /**
   * Waits until the queue has a job to take up or, given `after`, an event after that one (true), or until a job has become
   * due or the time is over (false). While it waits, `interrupts` holds a function that cuts the wait short.
   */
  wait(queueKey: string, ms: number, interrupts: Set<() => void>, after?: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const timer = ms <= longestTimer ? clock.setTimeout(() => waiter.wake(false), ms) : undefined
    const interrupt = () => waiter.wake(false)
    const waiter: Waiter = {
      queueKey,
      after,
      dueAt: Number.POSITIVE_INFINITY,
      dueTimer: undefined,
      wake: found => {
        clock.clearTimeout(timer)
        clock.clearTimeout(waiter.dueTimer)
        interrupts.delete(interrupt)
        this.#waiters.delete(waiter)
        if (this.#waiters.size === 0) this.#stopLooking()
        resolve(found)
      },
    }
    interrupts.add(interrupt)
    this.#waiters.add(waiter)
    this.#looking ??= clock.setInterval(this.#look, lookEvery)
    this.#wakeThoseOf(queueKey)
    return promise
  }

  /** After a commit of this process. */
  committed(queues: Queue[]): void {
    if (this.#waiters.size > 0) for (const { key } of queues) this.#wakeThoseOf(key)
  }

  #look = (): void => {
    const changes = this.hooks.foreignChanges()
    if (changes !== this.#seenChanges) {
      this.#seenChanges = changes
      for (const key of new Set([...this.#waiters].map(waiter => waiter.queueKey))) this.#wakeThoseOf(key)
    }
    for (const waiter of this.#waiters) if (Date.now() > waiter.dueAt) waiter.wake(false)
  }

  #wakeThoseOf(queueKey: string): void {
    const waiters = [...this.#waiters].filter(waiter => waiter.queueKey === queueKey)
    if (waiters.length === 0) return
    const sight = this.hooks.lookAt(queueKey)
    let jobs = sight.claimable
    for (const waiter of waiters) {
      if (waiter.after === undefined ? jobs-- > 0 : sight.lastEvent > waiter.after) waiter.wake(true)
      else if (waiter.after === undefined) this.#wakeWhenDue(waiter, sight.dueAt)
    }
  }

  #wakeWhenDue(waiter: Waiter, dueAt: number): void {
    if (waiter.dueAt === dueAt) return
    clock.clearTimeout(waiter.dueTimer)
    waiter.dueAt = dueAt
    const ms = Math.max(0, dueAt - Date.now() + dueSlack)
    if (ms <= longestTimer) waiter.dueTimer = clock.setTimeout(() => waiter.wake(false), ms)
  }

  #stopLooking(): void {
    clock.clearInterval(this.#looking)
    this.#looking = undefined
  }
}
