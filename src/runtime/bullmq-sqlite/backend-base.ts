import { EventEmitter } from 'node:events'
import type { QueueBaseOptions, WorkerOptions } from 'bullmq'
import type { Heir } from './processes.ts'
import type { Queue } from './queues.ts'
import { Refused } from './refusals.ts'
import { recoverOrphaned } from './stalling.ts'
import type { Store } from './store.ts'
import { closedError, type Tx } from './transactions.ts'

type OfWorker = 'name' | 'lockDuration' | 'limiter' | 'maxStalledCount' | 'stalledInterval' | 'metrics'
type Kept = 'removeOnComplete' | 'removeOnFail'
/** What of BullMQ's options the backend looks at; those of a worker are there only for a worker. */
export type Options = QueueBaseOptions<unknown> & { readonly prefix?: string } & Partial<
    Pick<WorkerOptions, OfWorker | Kept>
  >

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
  protected readonly key: string
  protected readonly interrupts = new Set<() => void>()
  protected interrupted = false
  /** Jobs of dead processes put back in line here, which the worker has not yet been told of. */
  protected recovered: string[] = []
  /** The event after which `readEvents('$')` begins, however often it is asked. */
  protected start = 0
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
    this.key = `${opts.prefix ?? 'bull'}:${queueName}`
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
    this.start = await this.read((_, queue) => queue.state.lastEvent)
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

  inherit(tx: Tx, dead: string): string[] {
    return recoverOrphaned(tx, tx.queues.open(this.key), dead, this.opts.maxStalledCount ?? 1)
  }

  inherited(jobIds: string[]): void {
    this.recovered.push(...jobIds)
  }

  /** Makes this client known to `getWorkers` and `getQueueEvents` in any process. */
  async setName(name: string): Promise<void> {
    const removePrevious = this.#removeClient
    this.#removeClient = await this.store.processes.addClient(name)
    await removePrevious?.()
  }

  // ---- names

  clientName(suffix = ''): string {
    return `${this.opts.prefix ?? 'bull'}:${Buffer.from(this.queueName).toString('base64')}${suffix}`
  }

  get qualifiedName(): string {
    return this.key
  }

  get keys(): Record<string, string> {
    return Object.fromEntries(keyNames.map(name => [name, this.toKey(name)]))
  }

  toKey(type: string): string {
    return `${this.key}:${type}`
  }

  /** An id may hold colons, so the queue is looked up rather than guessed. */
  parseNodeKey(key: string): { prefix: string; queueName: string; id: string } {
    const queues = this.store.reader?.queues
    let end = key.lastIndexOf(':')
    for (let colon = key.indexOf(':'); colon >= 0 && colon < end; colon = key.indexOf(':', colon + 1))
      if (queues?.find(key.slice(0, colon))) end = colon
    const queueKey = key.slice(0, Math.max(0, end))
    const colon = queueKey.lastIndexOf(':')
    return {
      prefix: queueKey.slice(0, Math.max(0, colon)),
      queueName: queueKey.slice(colon + 1),
      id: key.slice(end + 1),
    }
  }

  // ---- transactions

  protected read<T>(run: Run<T>): Promise<T> {
    if (this.closing) return Promise.reject(closedError())
    return this.store.transactions.read(tx => run(tx, tx.queues.peek(this.key)))
  }

  /** The command is the name by which an error tells what was refused. */
  protected write<T>(run: Run<T>, command = ''): Promise<T> {
    if (this.closing) return Promise.reject(closedError())
    return this.store.transactions.write(tx => this.#run(tx, run, command))
  }

  /** A write that may hand out a job. */
  protected take<T>(run: Run<T>, command = ''): Promise<T> {
    if (this.closing) return Promise.reject(closedError())
    return this.store.transactions.take(tx => this.#run(tx, run, command))
  }

  #run<T>(tx: Tx, run: Run<T>, command: string): T {
    try {
      return run(tx, tx.queues.open(this.key))
    } catch (error) {
      throw error instanceof Refused ? error.inWordsOf(command) : error
    }
  }
}

type Run<T> = (tx: Tx, queue: Queue) => T
