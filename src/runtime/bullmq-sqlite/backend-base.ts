import { EventEmitter } from 'node:events'
import type { QueueBaseOptions } from 'bullmq'
import type { WorkerRules } from './claiming.ts'
import type { Heir } from './processes.ts'
import type { Queue, Queues } from './queues.ts'
import { Refused } from './refusals.ts'
import { recoverOrphaned } from './stalling.ts'
import type { Store } from './store.ts'
import { closedError, type Kind } from './transactions.ts'

/** What of BullMQ's options the backend looks at; those of a worker are there only for a worker. */
export type Options = QueueBaseOptions<unknown> & { readonly prefix?: string } & WorkerRules

export interface Roles {
  /** Reads events. */
  readonly blocking?: boolean
  /** Is a worker's. */
  readonly withBlockingConnection?: boolean
}

const keyNames = [
  ...['', 'active', 'wait', 'waiting-children', 'paused', 'id', 'delayed', 'prioritized', 'stalled-check', 'completed'],
  ...['failed', 'stalled', 'repeat', 'limiter', 'meta', 'events', 'pc', 'marker', 'de'],
]

/** The life and the names of a backend, and how its operations reach the file. */
export class BackendBase extends EventEmitter implements Heir {
  closing: Promise<void> | undefined
  /** Jobs of dead processes put back in line here, which the worker has not yet been told of. */
  readonly recovered: string[] = []
  readonly qualifiedName: string
  protected readonly interrupts = new Set<() => void>()
  protected interrupted = false
  /** The event after which `readEvents('$')` begins, however often it is asked. */
  protected start = 0
  readonly #prefix: string
  #ready: Promise<void> | undefined
  #removeClient: (() => Promise<void>) | undefined

  constructor(
    protected readonly store: Store,
    protected readonly queueName: string,
    protected readonly opts: Options,
    private readonly roles: Roles = {},
    private readonly ownsStore = true,
  ) {
    super()
    this.#prefix = opts.prefix ?? 'bull'
    this.qualifiedName = `${this.#prefix}:${queueName}`
    if (ownsStore) this.waitUntilReady().catch(() => {}) // Whoever waits for it is told.
  }

  /** If getting ready failed, as when the file was held by another for too long, this tries again. */
  waitUntilReady(): Promise<void> {
    this.#ready ??= this.#begin().catch(error => {
      this.#ready = undefined
      throw error
    })
    return this.#ready
  }

  async #begin(): Promise<void> {
    this.start = await this.read(queue => queue.state.lastEvent)()
    if (this.roles.withBlockingConnection) {
      await this.setName(this.clientName(this.opts.name ? `:w:${this.opts.name}` : ''))
      this.store.processes.addHeir(this)
    }
    this.emit('ready')
  }

  /** Operations already asked for are finished; later ones are refused. The last to close the file closes it. */
  async close(): Promise<void> {
    if (this.ownsStore) this.closing ??= this.#end()
    return this.closing
  }

  async #end(): Promise<void> {
    const begun = this.#ready
    this.#interrupt()
    this.store.processes.removeHeir(this)
    await begun?.catch(() => {})
    await this.#removeClient?.().catch(() => {})
    await this.store.close()
    this.emit('close')
  }

  async disconnect(): Promise<void> {
    this.#interrupt()
  }

  async disconnectBlocking(): Promise<void> {
    this.interrupted = true
    this.#interrupt()
  }

  async reconnectBlocking(): Promise<void> {
    this.interrupted = false
  }

  #interrupt(): void {
    for (const interrupt of this.interrupts) interrupt()
  }

  inherit(queues: Queues, dead: string): string[] {
    return recoverOrphaned(queues.open(this.qualifiedName), dead, this.opts.maxStalledCount ?? 1)
  }

  /** Makes this client known to `getWorkers` and `getQueueEvents` in any process. */
  async setName(name: string): Promise<void> {
    const removePrevious = this.#removeClient
    this.#removeClient = await this.store.processes.addClient(name)
    await removePrevious?.()
  }

  // ---- names

  clientName(suffix = ''): string {
    return `${this.#prefix}:${Buffer.from(this.queueName).toString('base64')}${suffix}`
  }

  get keys(): Record<string, string> {
    return Object.fromEntries(keyNames.map(name => [name, this.toKey(name)]))
  }

  toKey(type: string): string {
    return `${this.qualifiedName}:${type}`
  }

  /** An id may hold colons, so the queue is looked up rather than guessed. */
  parseNodeKey(key: string): { prefix: string; queueName: string; id: string } {
    let end = key.lastIndexOf(':')
    for (let colon = key.indexOf(':'); colon >= 0 && colon < end; colon = key.indexOf(':', colon + 1))
      if (this.store.reader?.find(key.slice(0, colon))) end = colon
    const queueKey = key.slice(0, Math.max(0, end))
    const colon = queueKey.lastIndexOf(':')
    const prefix = queueKey.slice(0, Math.max(0, colon))
    return { prefix, queueName: queueKey.slice(colon + 1), id: key.slice(end + 1) }
  }

  // ---- operations

  /** Each of these three makes of an operation on the queue what BullMQ calls: the same, but in a transaction. */
  protected read<A extends unknown[], T>(operation: (queue: Queue, ...args: A) => T) {
    return this.#call('read', operation)
  }

  /** The command is the name by which an error tells what was refused. */
  protected write<A extends unknown[], T>(operation: (queue: Queue, ...args: A) => T, command?: string) {
    return this.#call('write', operation, command)
  }

  /** A write that may hand out a job. */
  protected take<A extends unknown[], T>(operation: (queue: Queue, ...args: A) => T, command?: string) {
    return this.#call('take', operation, command)
  }

  #call<A extends unknown[], T>(kind: Kind, operation: (queue: Queue, ...args: A) => T, command = '') {
    const run = (queues: Queues, args: A) => {
      try {
        return operation(kind === 'read' ? queues.peek(this.qualifiedName) : queues.open(this.qualifiedName), ...args)
      } catch (error) {
        throw error instanceof Refused ? error.inWordsOf(command) : error
      }
    }
    return (...args: A): Promise<T> =>
      this.closing ? Promise.reject(closedError()) : this.store.transactions.run(kind, queues => run(queues, args))
  }
}
