import { clock } from './clock.ts'
import { nextDueAt } from './jobs.ts'
import type { Queue } from './queues.ts'
import type { Transactions } from './transactions.ts'

const checkInterval = 40 // ms between checks whether another process has written
const restInterval = 200 // the same once none has for `restAfter` checks, a minute and a half: each check wakes the processor
const restAfter = 90_000 / checkInterval
const dueSlack = 1 // ms that a delayed job is woken for late, so that its time has come by every clock involved
const longestTimer = 2 ** 31 - 1 // ms; every waiter has a timeout of its own that comes long before

interface Waiter {
  readonly who: object
  readonly queueKey: string
  readonly after: number | undefined // the event after which it reads; undefined if it waits for jobs
  dueAt: number // when the next delayed job is due, by `Date.now()`; Infinity if there is none
  dueTimer: ReturnType<typeof setTimeout> | undefined
  wake(found: boolean): void
}

/** Who waits for jobs or events. Commits of this process wake at once, those of others are looked for. */
export class Wakeups {
  #waiters = new Set<Waiter>()
  #checking: ReturnType<typeof setTimeout> | undefined
  #seenVersion = 0
  #unchanged = 0 // checks since another process has written

  readonly #transactions: Transactions

  constructor(transactions: Transactions) {
    this.#transactions = transactions
  }

  /**
   * Waits until the queue has a job to take up or, given `after`, an event after that one (true), or until a job has become
   * due or the time is over (false).
   */
  wait(who: object, queueKey: string, ms: number, after?: number): Promise<boolean> {
    let resolve: (found: boolean) => void
    const promise = new Promise<boolean>(fulfil => (resolve = fulfil))
    const timer = wakeIn(ms, () => wake(false))
    const wake = (found: boolean) => {
      clock.clearTimeout(timer)
      clock.clearTimeout(waiter.dueTimer)
      this.#waiters.delete(waiter)
      if (this.#waiters.size === 0) clock.clearTimeout(this.#checking)
      resolve(found)
    }
    const waiter: Waiter = { who, queueKey, after, dueAt: Infinity, dueTimer: undefined, wake }
    if (this.#waiters.size === 0) this.#checkLater()
    this.#waiters.add(waiter)
    this.#wakeThoseOf(queueKey)
    return promise
  }

  interrupt(who: object): void {
    for (const waiter of this.#waiters) if (waiter.who === who) waiter.wake(false)
  }

  committed(queues: Queue[]): void {
    if (this.#waiters.size > 0) for (const { key } of queues) this.#wakeThoseOf(key)
  }

  #checkLater(): void {
    this.#checking = clock.setTimeout(this.#check, this.#unchanged < restAfter ? checkInterval : restInterval)
  }

  #check = (): void => {
    const version = withDefault(0, () => this.#transactions.dataVersion())
    this.#unchanged++
    if (version !== this.#seenVersion) {
      this.#seenVersion = version
      this.#unchanged = 0
      for (const key of new Set([...this.#waiters].map(waiter => waiter.queueKey))) this.#wakeThoseOf(key)
    }
    for (const { dueAt, wake } of this.#waiters) if (Date.now() > dueAt) wake(false)
    if (this.#waiters.size > 0) this.#checkLater()
  }

  /** Wakes those who have something to find, of workers exactly as many as there are jobs. */
  #wakeThoseOf(queueKey: string): void {
    const waiters = [...this.#waiters].filter(waiter => waiter.queueKey === queueKey)
    const queue =
      waiters.length > 0 ? withDefault(undefined, () => this.#transactions.queues?.peek(queueKey)) : undefined
    if (!queue) return
    const dueAt = withDefault(0, () => nextDueAt(queue)) || Infinity
    let jobs = queue.isPaused || queue.isMaxed ? 0 : queue.waiting
    for (const waiter of waiters) {
      if (waiter.after === undefined ? jobs-- > 0 : queue.state.lastEvent > waiter.after) waiter.wake(true)
      else if (waiter.after === undefined && waiter.dueAt !== dueAt) {
        clock.clearTimeout(waiter.dueTimer)
        waiter.dueAt = dueAt
        waiter.dueTimer = wakeIn(dueAt - Date.now() + dueSlack, () => waiter.wake(false))
      }
    }
  }
}

const wakeIn = (ms: number, wake: () => void) =>
  ms <= longestTimer ? clock.setTimeout(wake, Math.max(0, ms)) : undefined

/** Nobody waits for the errors of a check: if the file cannot be had now, there is another one soon. */
function withDefault<T>(fallback: T, check: () => T): T {
  try {
    return check()
  } catch {
    return fallback
  }
}
