import { clock } from './clock.ts'
import type { Queue } from './queues.ts'

/** How often idle workers and event readers look whether another process has written, in ms. */
const lookEvery = 25
/** Waking for a delayed job this much later, in ms, makes sure its time has come by every clock involved. */
const dueSlack = 1

export type Wake = 'jobs' | 'events' | 'timeout' | 'interrupted'

interface Waiter {
  readonly queueKey: string
  readonly kind: 'jobs' | 'events'
  /** `Date.now()` from which a delayed job is due. */
  dueAt: number
  dueTimer: ReturnType<typeof setTimeout> | undefined
  wake(reason: Wake): void
}

interface Hooks {
  /** True if another process has written since the last look. */
  changedElsewhere(): boolean
  /** Tells what a worker on that queue would find; `dueAt` is Infinity without delayed jobs. */
  lookAt(queueKey: string): { claimable: number; dueAt: number }
}

/**
 * Who waits for jobs or events. This process's own commits wake at once, exactly as many workers as there are jobs; those
 * of other processes are noticed by a look at the file's version, a memory read.
 */
export class Wakeups {
  #waiters = new Set<Waiter>()
  #looking: ReturnType<typeof setInterval> | undefined

  constructor(private readonly hooks: Hooks) {}

  /** Waits until the queue has something. While it waits, `interrupts` holds a function that cuts it short. */
  wait(kind: Waiter['kind'], queueKey: string, ms: number, interrupts: Set<() => void>): Promise<Wake> {
    const { promise, resolve } = Promise.withResolvers<Wake>()
    const timer = ms === Number.POSITIVE_INFINITY ? undefined : clock.setTimeout(() => waiter.wake('timeout'), ms)
    const interrupt = () => waiter.wake('interrupted')
    const waiter: Waiter = {
      queueKey,
      kind,
      dueAt: Number.POSITIVE_INFINITY,
      dueTimer: undefined,
      wake: reason => {
        clock.clearTimeout(timer)
        clock.clearTimeout(waiter.dueTimer)
        interrupts.delete(interrupt)
        this.#waiters.delete(waiter)
        if (this.#waiters.size === 0) this.#stopLooking()
        resolve(reason)
      },
    }
    interrupts.add(interrupt)
    this.#waiters.add(waiter)
    this.#looking ??= clock.setInterval(this.#look, lookEvery)
    if (kind === 'jobs') this.#wakeJobs(queueKey)
    return promise
  }

  /** After a commit of this process. */
  committed(queues: Queue[]): void {
    if (this.#waiters.size === 0) return
    for (const queue of queues) {
      this.#wakeEvents(queue.key)
      this.#wakeJobs(queue.key)
    }
  }

  #look = (): void => {
    if (this.hooks.changedElsewhere()) {
      for (const key of new Set([...this.#waiters].map(waiter => waiter.queueKey))) {
        this.#wakeEvents(key)
        this.#wakeJobs(key)
      }
    }
    for (const waiter of this.#waiters) if (Date.now() > waiter.dueAt) waiter.wake('timeout')
  }

  #wakeEvents(queueKey: string): void {
    for (const waiter of this.#waiters)
      if (waiter.kind === 'events' && waiter.queueKey === queueKey) waiter.wake('events')
  }

  #wakeJobs(queueKey: string): void {
    const idle = [...this.#waiters].filter(waiter => waiter.kind === 'jobs' && waiter.queueKey === queueKey)
    if (idle.length === 0) return
    const { claimable, dueAt } = this.hooks.lookAt(queueKey)
    for (const waiter of idle.splice(0, claimable)) waiter.wake('jobs')
    for (const waiter of idle) this.#wakeWhenDue(waiter, dueAt)
  }

  #wakeWhenDue(waiter: Waiter, dueAt: number): void {
    if (waiter.dueAt === dueAt) return
    clock.clearTimeout(waiter.dueTimer)
    waiter.dueAt = dueAt
    const ms = dueAt - Date.now() + dueSlack
    // Beyond this a timer would overflow; the caller's own timeout comes long before.
    if (ms < 2 ** 31) waiter.dueTimer = clock.setTimeout(() => waiter.wake('timeout'), Math.max(0, ms))
  }

  #stopLooking(): void {
    clock.clearInterval(this.#looking)
    this.#looking = undefined
  }
}
