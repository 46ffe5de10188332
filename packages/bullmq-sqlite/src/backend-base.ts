import { EventEmitter } from 'node:events'
import type { QueueBaseOptions } from 'bullmq'
import { type Rules, recoverOrphaned } from './claiming.ts'
import type { Queue, QueueSet } from './queues.ts'
import { Refused } from './refusals.ts'
import type { Store } from './store.ts'
import { closedError, type TransactionKind } from './transactions.ts'

export type Options = QueueBaseOptions<unknown> & { readonly prefix?: string } & Rules

/** Opening, closing and names of a backend, and how its operations reach the file. */
export class BackendBase extends EventEmitter {
  readonly keys = {} // unlike in Redis, nothing is found by key
  readonly qualifiedName: string
  closing: Promise<void> | undefined
  protected readonly recoveredIds: string[] = [] // jobs of dead processes that this worker has not yet reported as stalled
  protected interrupted = false
  protected startEvent = 0 // the event after which `readEvents('$')` reads, at every call
  #ready: Promise<void> | undefined
  #removeClient: (() => Promise<void>) | undefined

  protected readonly store: Store
  protected readonly queueName: string
  protected readonly opts: Options
  readonly #isWorker: boolean
  readonly #ownsStore: boolean

  /** `ownsStore`: it closes the store when it is closed itself. */
  constructor(store: Store, queueName: string, opts: Options, { isWorker = false, ownsStore = true } = {}) {
    super()
    this.store = store
    this.queueName = queueName
    this.opts = opts
    this.#isWorker = isWorker
    this.#ownsStore = ownsStore
    this.qualifiedName = `${opts.prefix ?? 'bull'}:${queueName}`
    if (ownsStore) this.waitUntilReady().catch(() => {}) // callers of waitUntilReady get the error
  }

  /** Tries again if getting ready failed before, for example because another process held the file too long. */
  waitUntilReady(): Promise<void> {
    this.#ready ??= this.#initialize().catch(error => {
      this.#ready = undefined
      throw error
    })
    return this.#ready
  }

  async #initialize(): Promise<void> {
    this.startEvent = await this.read(queue => queue.state.lastEvent)()
    if (this.#isWorker) {
      await this.setName(this.clientName(this.opts.name ? `:w:${this.opts.name}` : ''))
      this.store.processes.addRecovery(this.#recover)
    }
    this.emit('ready')
  }

  /** Finishes the operations already asked for and refuses later ones. The last user of the file closes it. */
  async close(): Promise<void> {
    if (this.#ownsStore) this.closing ??= this.#shutDown()
    return this.closing
  }

  async #shutDown(): Promise<void> {
    const ready = this.#ready
    this.store.wakeups.interrupt(this)
    this.store.processes.removeRecovery(this.#recover)
    await ready?.catch(() => {})
    await this.#removeClient?.().catch(() => {})
    await this.store.close()
    this.emit('close')
  }

  disconnect = async () => this.store.wakeups.interrupt(this)
  reconnectBlocking = async () => void (this.interrupted = false)

  async disconnectBlocking(): Promise<void> {
    this.interrupted = true
    await this.disconnect()
  }

  /** Puts the active jobs of this queue's workers in a dead process back in line. */
  #recover = (queues: QueueSet, dead: string) => {
    const jobIds = recoverOrphaned(queues.open(this.qualifiedName), dead, this.opts)
    return () => void this.recoveredIds.push(...jobIds)
  }

  /** Makes this client known to `getWorkers` and `getQueueEvents` in any process. */
  async setName(name: string): Promise<void> {
    const removePrevious = this.#removeClient
    this.#removeClient = await this.store.processes.addClient(name)
    await removePrevious?.()
  }

  // ---- names
  clientName = (suffix = '') =>
    `${this.opts.prefix ?? 'bull'}:${Buffer.from(this.queueName).toString('base64')}${suffix}`
  toKey = (type: string) => `${this.qualifiedName}:${type}`

  /** An id may contain colons, so the queue is looked up, not guessed. */
  parseNodeKey(key: string): { prefix: string; queueName: string; id: string } {
    let end = key.lastIndexOf(':')
    for (let colon = key.indexOf(':'); colon >= 0 && colon < end; colon = key.indexOf(':', colon + 1))
      if (this.store.transactions.queues?.find(key.slice(0, colon))) end = colon
    const [, prefix = '', queueName = ''] = /^(?:(.*):)?(.*)$/s.exec(key.slice(0, Math.max(0, end)))!
    return { prefix, queueName, id: key.slice(end + 1) }
  }

  // ---- operations
  /** These turn an operation on the queue into a method for BullMQ, which runs it in a transaction. */
  protected readonly read = this.#calls('read')
  protected readonly write = this.#calls('write')
  /** A write that may hand out a job. */
  protected readonly take = this.#calls('take')

  #calls(kind: TransactionKind): Calls {
    return (operation, command = '') =>
      (...args) => {
        if (this.closing) return Promise.reject(closedError())
        const { qualifiedName: key } = this
        return this.store.transactions.run(kind, queues => {
          try {
            return operation(kind === 'read' ? queues.peek(key) : queues.open(key), ...args)
          } catch (error) {
            throw error instanceof Refused ? error.asBullMqError(command) : error
          }
        })
      }
  }
}

/** `command` is the name of the call in the text of a refusal. */
type Calls = <A extends unknown[], T>(operation: Operation<A, T>, command?: string) => (...args: A) => Promise<T>
type Operation<A extends unknown[], T> = (queue: Queue, ...args: A) => T
