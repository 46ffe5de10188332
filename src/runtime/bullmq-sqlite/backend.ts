import { EventEmitter } from 'node:events'
import type {
  DependenciesOpts,
  IQueueBackend,
  JobJson,
  JobProgress,
  JobState,
  JobsOptions,
  JobType,
  KeepJobs,
  MinimalJob,
  MoveToDelayedOpts,
  MoveToWaitingChildrenOpts,
  ParentKeyOpts,
  QueueBaseOptions,
  RepeatableOptions,
  RetryJobOpts,
  RetryOptions,
  StreamReadRaw,
  WorkerOptions,
} from 'bullmq'
import { addFlow, addJob } from './adding.ts'
import * as admin from './admin.ts'
import { type Claimant, claim, type NextJob } from './claiming.ts'
import * as editing from './editing.ts'
import { cursorOf, eventsAfter, trimEvents } from './events.ts'
import * as finishing from './finishing.ts'
import { extendLock } from './locks.ts'
import { readMetric } from './metrics.ts'
import * as queries from './queries.ts'
import type { Queue } from './queues.ts'
import { type Circumstance, Refused, refusal } from './refusals.ts'
import { removeOnRequest, removeUnprocessedChildren } from './removing.ts'
import { advanceScheduler, readScheduler, removeScheduler, upsertScheduler } from './schedulers.ts'
import { State, type StateCode } from './schema.ts'
import { recoverOrphaned, recoverStalled } from './stalling.ts'
import type { Store } from './store.ts'
import { closedError, type Tx } from './transactions.ts'

/** What of BullMQ's options the backend looks at; those of a worker are there only for a worker. */
type Options = QueueBaseOptions<unknown> & { readonly prefix?: string } & Partial<
    Pick<
      WorkerOptions,
      | 'name'
      | 'lockDuration'
      | 'limiter'
      | 'maxStalledCount'
      | 'stalledInterval'
      | 'metrics'
      | 'removeOnComplete'
      | 'removeOnFail'
    >
  >

interface Roles {
  /** Reads events. */
  readonly blocking?: boolean
  /** Is a worker's. */
  readonly withBlockingConnection?: boolean
}

interface Entry {
  job: JobJson
  jobId: string
  parentKeyOpts?: ParentKeyOpts
}

type Finished = 'completed' | 'failed'

const defaultPrefix = 'bull'
const defaultLockDuration = 30_000
const defaultStalledInterval = 30_000
/** Jobs of one bulk that are added in one transaction. */
const bulkSize = 1000

const keyNames = [
  ...['', 'active', 'wait', 'waiting-children', 'paused', 'id', 'delayed', 'prioritized', 'stalled-check'],
  ...['completed', 'failed', 'stalled', 'repeat', 'limiter', 'meta', 'events', 'pc', 'marker', 'de'],
]

/**
 * BullMQ's backend contract over a SQLite file. Each method is one operation, run in a transaction and answered after its
 * commit; what an operation does is in the files this one calls on. See README.md beside it.
 */
export class SqliteQueueBackend extends EventEmitter implements IQueueBackend {
  readonly minimumBlockTimeout = 0.001
  /** A waiting worker is told when a delayed job is due, however far off that was when it began to wait. */
  readonly maximumBlockTimeout = 60
  closing: Promise<void> | undefined
  readonly #key: string
  readonly #ready: Promise<void>
  readonly #interrupts = new Set<() => void>()
  #interrupted = false
  #removeClient: (() => Promise<void>) | undefined
  /** Jobs of dead processes put back in line here, which the worker has not yet been told of. */
  #recovered: string[] = []
  /** The event after which `readEvents('$')` begins, however often it is asked. */
  #start = 0

  constructor(
    private readonly store: Store,
    private readonly queueName: string,
    private readonly opts: Options,
    private readonly roles: Roles = {},
    private readonly ownsStore = true,
  ) {
    super()
    this.#key = `${opts.prefix ?? defaultPrefix}:${queueName}`
    this.#ready = ownsStore ? this.#begin() : Promise.resolve()
    this.#ready.catch(() => {}) // Whoever awaits it is told.
  }

  // ---- life

  async #begin(): Promise<void> {
    this.#start = await this.#read((_, queue) => queue.lastEvent)
    if (this.roles.withBlockingConnection) {
      await this.setName(this.clientName(this.opts.name ? `:w:${this.opts.name}` : ''))
      this.store.processes.addHeir(this, (tx, dead) => this.#inherit(tx, dead))
    }
    this.emit('ready')
  }

  waitUntilReady(): Promise<void> {
    return this.#ready
  }

  /** Operations already asked for are finished; later ones are refused. The last to close the file closes it. */
  async close(): Promise<void> {
    if (!this.ownsStore) return
    this.closing ??= this.#end()
    return this.closing
  }

  async #end(): Promise<void> {
    this.#interrupt()
    this.store.processes.removeHeir(this)
    await this.#ready.catch(() => {})
    await this.#removeClient?.().catch(() => {})
    await this.store.close()
    this.emit('close')
  }

  async disconnect(): Promise<void> {
    this.#interrupt()
  }

  async disconnectBlocking(): Promise<void> {
    this.#interrupted = true
    this.#interrupt()
  }

  async reconnectBlocking(): Promise<void> {
    this.#interrupted = false
  }

  #interrupt(): void {
    for (const interrupt of this.#interrupts) interrupt()
  }

  /** Makes this client known to `getWorkers` and `getQueueEvents` in any process. */
  async setName(name: string): Promise<void> {
    const removePrevious = this.#removeClient
    this.#removeClient = await this.store.processes.addClient(name)
    await removePrevious?.()
  }

  async getClientList(): Promise<string[]> {
    const clients = await this.#read(tx => tx.sql.clients.all())
    return [
      clients
        .map(({ id, pid, name, started_at }) => `id=${id} pid=${pid} started=${started_at} name=${name}`)
        .join('\n'),
    ]
  }

  /** A backend for another queue of the same file. */
  forQueue(queueName: string, prefix = this.opts.prefix): SqliteQueueBackend {
    return new SqliteQueueBackend(this.store, queueName, { ...this.opts, prefix }, {}, false)
  }

  // ---- names

  get qualifiedName(): string {
    return this.#key
  }

  get keys(): Record<string, string> {
    return Object.fromEntries(keyNames.map(name => [name, this.toKey(name)]))
  }

  toKey(type: string): string {
    return `${this.#key}:${type}`
  }

  parseNodeKey(key: string): { prefix: string; queueName: string; id: string } {
    const { queueKey, id } = this.#splitKey(key)
    const colon = queueKey.lastIndexOf(':')
    return { prefix: queueKey.slice(0, Math.max(0, colon)), queueName: queueKey.slice(colon + 1), id }
  }

  /** An id may hold colons, so the queue is looked up rather than guessed. */
  #splitKey(key: string): { queueKey: string; id: string } {
    const queues = this.store.reader?.queues
    for (let colon = key.indexOf(':'); colon >= 0; colon = key.indexOf(':', colon + 1))
      if (queues?.find(key.slice(0, colon))) return { queueKey: key.slice(0, colon), id: key.slice(colon + 1) }
    const colon = key.lastIndexOf(':')
    return { queueKey: key.slice(0, Math.max(0, colon)), id: key.slice(colon + 1) }
  }

  clientName(suffix = ''): string {
    const prefix = this.opts.prefix ?? defaultPrefix
    return `${prefix}:${Buffer.from(this.queueName).toString('base64')}${suffix}`
  }

  // ---- adding

  addJob(job: JobJson, jobId: string, parentKeyOpts: ParentKeyOpts = {}): Promise<string> {
    return this.#write((tx, queue) => addJob(tx, queue, { job, jobId, parentKeyOpts }), {
      command: 'addJob',
      parentKey: parentKeyOpts.parentKey,
    })
  }

  async addJobs(entries: Entry[]): Promise<string[]> {
    const ids: Promise<string[]>[] = []
    for (let from = 0; from < entries.length; from += bulkSize) {
      const some = entries.slice(from, from + bulkSize)
      const addAll = (tx: Tx, queue: Queue) => some.map(entry => addJob(tx, queue, entry))
      ids.push(this.#write(addAll, { command: 'addJob', parentKey: some[0]?.parentKeyOpts?.parentKey }))
    }
    return (await Promise.all(ids)).flat()
  }

  addFlow(
    entries: { jobData: JobJson; jobId: string; parentKeyOpts: ParentKeyOpts; prefix: string; queueName: string }[],
  ): Promise<[Error | null, string | number][]> {
    const requests = entries.map(({ jobData: job, jobId, parentKeyOpts, prefix, queueName }) => ({
      queueKey: `${prefix}:${queueName}`,
      request: { job, jobId, parentKeyOpts },
    }))
    return this.#write(tx => addFlow(tx, requests))
  }

  // ---- working

  moveToActive(token: string, name?: string): Promise<NextJob> {
    return this.#take((tx, queue) => claim(tx, queue, this.#claimant(token, name), Date.now()))
  }

  async moveToCompleted<T, R, N extends string>(
    job: MinimalJob<T, R, N>,
    returnValue: R,
    removeOnComplete: boolean | number | KeepJobs,
    token: string,
    fetchNext: boolean,
  ): Promise<{ result: NextJob; finishedOn: number }> {
    const value = JSON.stringify(returnValue) ?? 'null'
    const keep = toKeep(removeOnComplete, this.opts.removeOnComplete)
    const finish = this.#finish(job, keep, token, fetchNext)
    const result = await this.#take((tx, queue) => finishing.completeJob(tx, queue, finish, value), {
      ...finish,
      command: 'moveToFinished',
      state: 'active',
    })
    return { result, finishedOn: finish.timestamp }
  }

  async moveToFailed<T, R, N extends string>(
    job: MinimalJob<T, R, N>,
    failedReason: string,
    removeOnFail: boolean | number | KeepJobs,
    token: string,
    fetchNext: boolean,
    fieldsToUpdate?: Record<string, unknown>,
  ): Promise<{ result: NextJob; finishedOn: number }> {
    const keep = toKeep(removeOnFail, this.opts.removeOnFail)
    const finish = this.#finish(job, keep, token, fetchNext)
    const failure = { ...toFailure(fieldsToUpdate), failedReason: failedReason ?? 'null' }
    const result = await this.#take((tx, queue) => finishing.failJob(tx, queue, finish, failure), {
      ...finish,
      command: 'moveToFinished',
      state: 'active',
    })
    return { result, finishedOn: finish.timestamp }
  }

  moveToDelayed(
    jobId: string,
    timestamp: number,
    delay: number,
    token = '0',
    opts: MoveToDelayedOpts = {},
  ): Promise<NextJob> {
    const next = opts.fetchNext && !this.closing ? this.#claimant(token, this.opts.name) : undefined
    const failure = toFailure(opts.fieldsToUpdate)
    const countsAsAttempt = !opts.skipAttempt
    return this.#take(
      (tx, queue) => finishing.delayJob(tx, queue, { jobId, token, timestamp, delay, countsAsAttempt, failure, next }),
      {
        command: 'moveToDelayed',
        jobId,
        state: 'active',
      },
    )
  }

  moveToWaitingChildren(jobId: string, token: string, { child }: MoveToWaitingChildrenOpts = {}): Promise<boolean> {
    const wait = (tx: Tx, queue: Queue) => {
      const one = child && { queueId: tx.queues.peek(child.queue).id, id: child.id }
      return finishing.waitForChildren(tx, queue, jobId, token, one)
    }
    return this.#write(wait, { command: 'moveToWaitingChildren', jobId, state: 'active' })
  }

  moveJobFromActiveToWait(jobId: string, token = '0'): Promise<number> {
    return this.#write((tx, queue) => finishing.returnToLine(tx, queue, jobId, token), {
      command: 'moveJobFromActiveToWait',
      jobId,
      state: 'active',
    })
  }

  retryJob(jobId: string, lifo: boolean, token = '0', opts: RetryJobOpts = {}): Promise<void> {
    const retry = { jobId, token, lifo, timestamp: Date.now(), failure: toFailure(opts.fieldsToUpdate) }
    return this.#write((tx, queue) => finishing.retryJob(tx, queue, retry), {
      command: 'retryJob',
      jobId,
      state: 'active',
    })
  }

  extendLock(jobId: string, token: string, duration: number): Promise<number> {
    return this.#write((tx, queue) => (extendLock(tx, queue.id, jobId, token, duration) ? 1 : 0))
  }

  extendLocks(jobIds: string[], tokens: string[], duration: number): Promise<string[]> {
    return this.#write((tx, queue) =>
      jobIds.filter((jobId, i) => !extendLock(tx, queue.id, jobId, tokens[i] ?? '', duration)),
    )
  }

  async moveStalledJobsToWait(): Promise<string[]> {
    const { maxStalledCount = 1, stalledInterval = defaultStalledInterval } = this.opts
    const stalled = await this.#write((tx, queue) => recoverStalled(tx, queue, maxStalledCount, stalledInterval))
    return this.#recovered.splice(0).concat(stalled)
  }

  #inherit(tx: Tx, dead: string): void {
    const queue = tx.queues.open(this.#key)
    this.#recovered.push(...recoverOrphaned(tx, queue, dead, this.opts.maxStalledCount ?? 1))
  }

  #claimant(token: string, name?: string): Claimant {
    const { lockDuration = defaultLockDuration, limiter } = this.opts
    return { token, name, lockDuration, limiter }
  }

  #finish(job: MinimalJob, keep: KeepJobs, token: string, fetchNext: boolean) {
    return {
      jobId: job.id ?? '',
      token,
      timestamp: Date.now(),
      attempts: job.opts.attempts ?? 0,
      keep,
      maxMetrics: this.opts.metrics?.maxDataPoints,
      next: fetchNext && !this.closing ? this.#claimant(token, this.opts.name) : undefined,
    }
  }

  // ---- waiting

  /** Resolves as soon as there is a job to take up; null when the time is over or a delayed job has become due. */
  async waitForJob(blockTimeout: number): Promise<{ member: string; score: number } | null> {
    if (this.closing || this.#interrupted) return null
    const ms = Math.max(0, blockTimeout) * 1000
    return (await this.store.wakeups.waitForJob(this.#key, ms, this.#interrupts)) ? { member: '0', score: 0 } : null
  }

  async readEvents(id: string, blockTimeout: number): Promise<StreamReadRaw> {
    await this.#ready
    if (this.closing) return undefined
    const after = id === '$' ? this.#start : await this.#read((tx, queue) => cursorOf(tx, queue, id))
    const ms = blockTimeout > 0 ? blockTimeout : Number.POSITIVE_INFINITY
    const found = await this.store.wakeups.waitForEvent(this.#key, after, ms, this.#interrupts)
    return found && !this.closing ? this.#read((tx, queue) => eventsAfter(tx, queue, after)) : undefined
  }

  publishEvent(fields: Record<string, string | number>, maxEvents: number): Promise<string> {
    return this.#write((tx, queue) => {
      const { event, ...rest } = fields
      queue.emit(String(event), ...Object.entries(rest).flatMap(([name, value]) => [name, String(value)]))
      trimEvents(tx, queue, maxEvents)
      return `${Date.now()}-${queue.lastEvent}`
    })
  }

  trimEvents(maxLength: number): Promise<number> {
    return this.#write((tx, queue) => trimEvents(tx, queue, maxLength))
  }

  // ---- finished and waiting jobs, by hand

  async retryFinishedJob<T, R, N extends string>(
    job: MinimalJob<T, R, N>,
    state: Finished,
    opts: RetryOptions = {},
  ): Promise<void> {
    const jobId = job.id ?? ''
    const reopening = {
      jobId,
      state,
      lifo: job.opts.lifo ?? false,
      forgetAttemptsMade: opts.resetAttemptsMade ?? false,
      forgetAttemptsStarted: opts.resetAttemptsStarted ?? false,
    }
    await this.#write((tx, queue) => finishing.reopenJob(tx, queue, reopening), {
      command: 'reprocessJob',
      jobId,
      state,
    })
  }

  async retryFinishedJobs(state: Finished = 'failed', count = 1000, timestamp = Date.now()): Promise<number> {
    return (await this.#write((tx, queue) => finishing.reopenJobs(tx, queue, state, count, timestamp))) ? 1 : 0
  }

  async promoteJobs(count = 1000): Promise<number> {
    return (await this.#write((tx, queue) => admin.promoteJobs(tx, queue, count))) ? 1 : 0
  }

  promote(jobId: string): Promise<void> {
    return this.#write((tx, queue) => editing.promoteJob(tx, queue, jobId), {
      command: 'promote',
      jobId,
      state: 'delayed',
    })
  }

  changeDelay(jobId: string, delay: number): Promise<void> {
    return this.#write((tx, queue) => editing.changeDelay(tx, queue, jobId, delay), {
      command: 'changeDelay',
      jobId,
      state: 'delayed',
    })
  }

  changePriority(jobId: string, priority = 0, lifo = false): Promise<void> {
    return this.#write((tx, queue) => editing.changePriority(tx, queue, jobId, priority, lifo), {
      command: 'changePriority',
      jobId,
    })
  }

  updateData<T, R, N extends string>(job: MinimalJob<T, R, N>, data: T): Promise<void> {
    const jobId = job.id ?? ''
    const json = JSON.stringify(data) ?? '{}'
    return this.#write((tx, queue) => editing.updateData(tx, queue, jobId, json), { command: 'updateData', jobId })
  }

  updateProgress(jobId: string, progress: JobProgress): Promise<void> {
    const json = JSON.stringify(progress) ?? 'null'
    return this.#write((tx, queue) => editing.updateProgress(tx, queue, jobId, json), {
      command: 'updateProgress',
      jobId,
    })
  }

  addLog(jobId: string, logRow: string, keepLogs?: number): Promise<number> {
    return this.#write((tx, queue) => editing.addLog(tx, queue, jobId, logRow, keepLogs), { command: 'addLog', jobId })
  }

  clearLogs(jobId: string, keepLogs = 0): Promise<void> {
    return this.#write((tx, queue) => editing.trimLogs(tx, queue, jobId, keepLogs))
  }

  getJobLogs(jobId: string, start: number, end: number, asc: boolean): Promise<{ logs: string[]; count: number }> {
    return this.#read((tx, queue) => queries.logsOf(tx, queue, jobId, start, end, asc))
  }

  async remove(jobId: string, removeChildren: boolean): Promise<number> {
    const removed = await this.#write((tx, queue) => removeOnRequest(tx, queue, jobId, removeChildren), {
      command: 'removeJob',
      jobId,
    })
    return removed ? 1 : 0
  }

  removeUnprocessedChildren(jobId: string): Promise<void> {
    return this.#write((tx, queue) => removeUnprocessedChildren(tx, queue, jobId))
  }

  removeChildDependency(jobId: string, parentKey: string): Promise<boolean> {
    const circumstance = { command: 'removeChildDependency', jobId, parentKey }
    return this.#write((tx, queue) => editing.leaveParent(tx, queue, jobId), circumstance)
  }

  removeDeduplicationKey(deduplicationId: string, jobId: string): Promise<number> {
    return this.#write((tx, queue) => editing.freeDeduplication(tx, queue, deduplicationId, jobId))
  }

  deleteDeduplicationKey(deduplicationId: string): Promise<number> {
    return this.#write((tx, queue) => editing.freeDeduplication(tx, queue, deduplicationId))
  }

  getDeduplicationJobId(deduplicationId: string): Promise<string | null> {
    return this.#read((tx, queue) => queries.deduplicationHolder(tx, queue, deduplicationId))
  }

  // ---- whole queues

  pause(pause: boolean): Promise<void> {
    return this.#write((_, queue) => (pause ? admin.pauseQueue(queue) : admin.resumeQueue(queue)))
  }

  async drain(delayed: boolean): Promise<void> {
    const newest = await this.#read(admin.lastRowid)
    const states: StateCode[] = [State.wait, State.prioritized]
    if (delayed) states.push(State.delayed)
    for (const state of states) {
      const walk = admin.walk(state)
      while (!walk.done) await this.#write((tx, queue) => admin.drainSome(tx, queue, walk, newest))
    }
  }

  async cleanJobsByState(type: string, timestamp: number, limit = 0): Promise<string[]> {
    const state = queries.stateOf(type)
    const removed: string[] = []
    if (state !== undefined) {
      const newest = await this.#read(admin.lastRowid)
      const walk = admin.walk(State[state])
      while (!walk.done) {
        const left = limit > 0 ? limit - removed.length : Number.POSITIVE_INFINITY
        removed.push(...(await this.#write((tx, queue) => admin.cleanSome(tx, queue, walk, newest, timestamp, left))))
      }
    }
    await this.#write((_, queue) => queue.emit('cleaned', 'count', String(removed.length)))
    return removed
  }

  async obliterate({ force, count }: { force: boolean; count: number }): Promise<number> {
    const atOnce = Math.min(count, admin.chunkSize)
    return (await this.#write((tx, queue) => admin.obliterateSome(tx, queue, atOnce, force))) ? 1 : 0
  }

  /** A job is one row, so there is nothing that could be left over. */
  async removeOrphanedJobs(): Promise<number> {
    return 0
  }

  async removeDeprecatedPriorityKey(): Promise<number> {
    return 0
  }

  // ---- schedulers

  addJobScheduler(
    id: string,
    nextMillis: number,
    templateData: string,
    templateOpts: JobsOptions,
    opts: RepeatableOptions,
    jobOpts: JobsOptions,
  ): Promise<[string, number]> {
    const upsert = { id, nextMillis, templateData, templateOpts, opts, jobOpts, now: Date.now() }
    return this.#write((tx, queue) => upsertScheduler(tx, queue, upsert), { command: 'addJobScheduler' })
  }

  updateJobSchedulerNextMillis(
    id: string,
    nextMillis: number,
    _templateData: string,
    jobOpts: JobsOptions,
    producerId?: string,
  ): Promise<string | null> {
    const advance = { id, nextMillis, jobOpts, producerId, now: Date.now() }
    return this.#write((tx, queue) => advanceScheduler(tx, queue, advance))
  }

  async removeJobScheduler(id: string): Promise<number> {
    return (await this.#write((tx, queue) => removeScheduler(tx, queue, id))) ? 0 : 1
  }

  getJobScheduler(id: string): Promise<[string[] | null, string | null]> {
    return this.#read((tx, queue) => {
      const scheduler = readScheduler(tx, queue, id)
      return scheduler ? [Object.entries(scheduler.fields).flat(), String(scheduler.nextRun)] : [null, null]
    })
  }

  isJobScheduler(id: string): Promise<boolean> {
    return this.#read((tx, queue) => readScheduler(tx, queue, id) !== undefined)
  }

  getJobSchedulerData(id: string): Promise<Record<string, string>> {
    return this.#read((tx, queue) => readScheduler(tx, queue, id)?.fields ?? {})
  }

  getJobSchedulersRange(start: number, end: number, asc: boolean): Promise<string[]> {
    return this.#read((tx, queue) => queries.schedulersOf(tx, queue, start, end, asc))
  }

  getJobSchedulersCount(): Promise<number> {
    return this.#read((tx, queue) => tx.sql.countSchedulers.get(queue.id)!.n)
  }

  // ---- reading

  getState(jobId: string): Promise<JobState | 'unknown'> {
    return this.#read((tx, queue) => queries.jobState(tx, queue, jobId))
  }

  async isFinished(jobId: string, returnValue = false): Promise<number | [number, string]> {
    const outcome = await this.#read((tx, queue) => queries.outcome(tx, queue, jobId))
    return returnValue ? outcome : outcome[0]
  }

  isJobInState(state: string, jobId: string): Promise<boolean> {
    return this.#read((tx, queue) => queries.isInState(tx, queue, state, jobId))
  }

  getJobData(jobId: string): Promise<JobJson | undefined> {
    return this.#read((tx, queue) => queries.jobJson(tx, queue, jobId))
  }

  getCounts(types: JobType[], delayedTimestamp?: number): Promise<number[]> {
    return this.#read((tx, queue) => queries.countsOf(tx, queue, types, delayedTimestamp))
  }

  getCountsPerPriority(priorities: number[]): Promise<number[]> {
    return this.#read((tx, queue) => queries.countsPerPriority(tx, queue, priorities))
  }

  // The contract says `[string][]`, a list of one-item tuples, where it means a list of lists.
  getRanges(types: JobType[], start = 0, end = 1, asc = false): Promise<[string][]> {
    const ids = (tx: Tx, queue: Queue) => types.map(type => queries.idsOf(tx, queue, type, start, end, asc))
    return this.#read(ids) as Promise<[string][]>
  }

  getDependencyCounts(jobId: string, types: string[]): Promise<number[]> {
    return this.#read((tx, queue) => queries.childCounts(tx, queue, jobId, types))
  }

  getDependencies(jobId: string, opts: DependenciesOpts = {}): Promise<queries.Dependencies> {
    return this.#read((tx, queue) => queries.dependencies(tx, queue, jobId, opts))
  }

  getProcessedChildrenValues(jobId: string): Promise<Record<string, string>> {
    return this.#read((tx, queue) => queries.childValues(tx, queue, jobId, 'processed'))
  }

  getIgnoredChildrenFailures(jobId: string): Promise<Record<string, string>> {
    return this.#read((tx, queue) => queries.childValues(tx, queue, jobId, 'ignored'))
  }

  /** The key is that of a job's processed or pending children: "<queue>:<id>:processed" or "<queue>:<id>:dependencies". */
  paginate(key: string, range: { start: number; end: number; fetchJobs?: boolean }) {
    const type = key.endsWith(':processed') ? 'processed' : 'unprocessed'
    const jobId = key.slice(this.#key.length + 1, key.lastIndexOf(':'))
    return this.#read((tx, queue) => queries.childPage(tx, queue, jobId, type, range))
  }

  getMetrics(type: Finished, start = 0, end = -1): Promise<[string[], string[], number]> {
    return this.#read((tx, queue) => readMetric(tx, queue, type, start, end))
  }

  getRateLimitTtl(maxJobs?: number): Promise<number> {
    return this.#read((_, queue) => queries.rateLimitTtl(queue, maxJobs))
  }

  isMaxed(): Promise<boolean> {
    return this.#read((_, queue) => queue.isMaxed)
  }

  // ---- the queue's settings

  setQueueMeta(values: Record<string, string | number>): Promise<number> {
    return this.#write((_, queue) => {
      const added = Object.keys(values).filter(field => !(field in queue.meta)).length
      const strings = Object.entries(values).map(([field, value]) => [field, String(value)])
      queue.setMeta({ ...queue.meta, ...Object.fromEntries(strings) })
      return added
    })
  }

  removeQueueMetaFields(fields: string[]): Promise<number> {
    return this.#write((_, queue) => {
      const left = Object.entries(queue.meta).filter(([field]) => !fields.includes(field))
      const removed = Object.keys(queue.meta).length - left.length
      queue.setMeta(Object.fromEntries(left))
      return removed
    })
  }

  getQueueMeta(): Promise<Record<string, string>> {
    return this.#read((_, queue) => ({ ...queue.meta }))
  }

  getQueueMetaField(field: string): Promise<string | null> {
    return this.#read((_, queue) => queue.meta[field] ?? null)
  }

  getQueueMetaFields(fields: string[]): Promise<(string | null)[]> {
    return this.#read((_, queue) => fields.map(field => queue.meta[field] ?? null))
  }

  hasQueueMetaField(field: string): Promise<boolean> {
    return this.#read((_, queue) => field in queue.meta)
  }

  setRateLimit(expireTimeMs: number): Promise<void> {
    return this.#write((_, queue) => editing.limitRate(queue, expireTimeMs))
  }

  removeRateLimitKey(): Promise<number> {
    return this.#write((_, queue) => editing.unlimitRate(queue))
  }

  // ---- transactions

  #read<T>(run: Run<T>): Promise<T> {
    if (this.closing) return Promise.reject(closedError())
    return this.store.transactions.read(tx => run(tx, tx.queues.peek(this.#key)))
  }

  #write<T>(run: Run<T>, circumstance?: Circumstance): Promise<T> {
    if (this.closing) return Promise.reject(closedError())
    return this.store.transactions.write(tx => worded(circumstance, () => run(tx, tx.queues.open(this.#key))))
  }

  /** A write that may hand out a job. */
  #take<T>(run: Run<T>, circumstance?: Circumstance): Promise<T> {
    if (this.closing) return Promise.reject(closedError())
    return this.store.transactions.take(tx => worded(circumstance, () => run(tx, tx.queues.open(this.#key))))
  }
}

type Run<T> = (tx: Tx, queue: Queue) => T

/** Words a refusal for the user: the error BullMQ's users know. */
function worded<T>(circumstance: Circumstance | undefined, run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw error instanceof Refused && circumstance ? refusal(error.code, circumstance) : error
  }
}

function toKeep(ofJob: boolean | number | KeepJobs | undefined, ofWorker: KeepJobs | undefined): KeepJobs {
  if (ofJob === undefined) return ofWorker ?? { count: -1 }
  if (typeof ofJob === 'object') return ofJob
  return { count: typeof ofJob === 'number' ? ofJob : ofJob ? 0 : -1 }
}

function toFailure(fields: Record<string, unknown> = {}): finishing.Failure {
  const { failedReason, stacktrace } = fields
  return {
    failedReason: failedReason === undefined ? undefined : String(failedReason),
    stacktrace: stacktrace === undefined ? undefined : String(stacktrace),
  }
}
