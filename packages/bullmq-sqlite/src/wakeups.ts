import { clock } from './clock.ts'
import { nextDueAt } from './jobs.ts'
import type { Queue } from './queues.ts'
import type { Transactions } from './transactions.ts'

const checkInterval = 40 // ms between checks whether another process has written
const restInterval = 200 // the interval after `restAfter` checks without a write (90 s), because each check wakes the processor
const restAfter = 90_000 / checkInterval
const dueSlack = 1 // ms added to the wake-up for a delayed job, so that it is due by every clock involved
const longestTimer = 2 ** 31 - 1 // ms, the limit of setTimeout; every waiter times out long before

interface Waiter {
  readonly caller: object
  readonly queueKey: string
  readonly after: number | undefined // the event after which it reads; undefined if it waits for jobs
  dueAt: number // when the next delayed job is due, by `Date.now()`; Infinity if there is none
  dueTimer: ReturnType<typeof setTimeout> | undefined
  wake(found: boolean): void
}

/** Callers that wait for jobs or events. Commits of this process wake them at once; for those of others it checks regularly. */
export class Wakeups {
  #waiters = new Set<Waiter>()
  #checkTimer: ReturnType<typeof setTimeout> | undefined
  #seenVersion = 0
  #unchanged = 0 // checks since another process has written

  readonly #transactions: Transactions

  constructor(transactions: Transactions) {
    this.#transactions = transactions
  }

  /**
   * Resolves with true when the queue has a job to take or, given `after`, an event after that one; with false when a delayed job
   * becomes due or after the timeout.
   */
  wait(caller: object, queueKey: string, ms: number, after?: number): Promise<boolean> {
    let resolve: (found: boolean) => void
    const promise = new Promise<boolean>(fulfil => (resolve = fulfil))
    const timer = wakeIn(ms, () => wake(false))
    const wake = (found: boolean) => {
      clock.clearTimeout(timer)
      clock.clearTimeout(waiter.dueTimer)
      this.#waiters.delete(waiter)
      if (this.#waiters.size === 0) clock.clearTimeout(this.#checkTimer)
      resolve(found)
    }
    const waiter: Waiter = { caller, queueKey, after, dueAt: Infinity, dueTimer: undefined, wake }
    if (this.#waiters.size === 0) this.#checkLater()
    this.#waiters.add(waiter)
    this.#wakeWaiters(queueKey)
    return promise
  }

  interrupt(caller: object): void {
    for (const waiter of this.#waiters) if (waiter.caller === caller) waiter.wake(false)
  }

  onCommit(queues: Queue[]): void {
    if (this.#waiters.size > 0) for (const { key } of queues) this.#wakeWaiters(key)
  }

  #checkLater(): void {
    this.#checkTimer = clock.setTimeout(this.#check, this.#unchanged < restAfter ? checkInterval : restInterval)
  }

  #check = (): void => {
    const version = withDefault(0, () => this.#transactions.dataVersion())
    this.#unchanged++
    if (version !== this.#seenVersion) {
      this.#seenVersion = version
      this.#unchanged = 0
      for (const key of new Set([...this.#waiters].map(waiter => waiter.queueKey))) this.#wakeWaiters(key)
    }
    for (const { dueAt, wake } of this.#waiters) if (Date.now() > dueAt) wake(false)
    if (this.#waiters.size > 0) this.#checkLater()
  }

  /** Wakes event readers that have new events, and as many workers as there are jobs. */
  #wakeWaiters(queueKey: string): void {
    const waiters = [...this.#waiters].filter(waiter => waiter.queueKey === queueKey)
    const queue =
      waiters.length > 0 ? withDefault(undefined, () => this.#transactions.queues?.peek(queueKey)) : undefined
    if (!queue) return
    const dueAt = withDefault(0, () => nextDueAt(queue)) || Infinity
    let jobs = queue.isPaused || queue.isMaxed ? 0 : queue.waitingCount
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

/** Ignores the errors of a check: if the file is busy now, the next check comes soon. */
function withDefault<T>(fallback: T, check: () => T): T {
  try {
    return check()
  } catch {
    return fallback
  }
}
