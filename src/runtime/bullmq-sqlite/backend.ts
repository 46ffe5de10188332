import type {
  DependenciesOpts,
  IQueueBackend,
  JobJson,
  JobProgress,
  JobsOptions,
  JobType,
  KeepJobs,
  MinimalJob,
  MoveToDelayedOpts,
  MoveToWaitingChildrenOpts,
  ParentKeyOpts,
  RepeatableOptions,
  RetryJobOpts,
  RetryOptions,
  StreamReadRaw,
} from 'bullmq'
import { addFlow, addJob } from './adding.ts'
import * as admin from './admin.ts'
import { BackendBase } from './backend-base.ts'
import { type Claimant, claim, type NextJob } from './claiming.ts'
import * as editing from './editing.ts'
import { cursorOf, eventsAfter, trimEvents } from './events.ts'
import * as finishing from './finishing.ts'
import { extendLock, noLock } from './locks.ts'
import { readMetric } from './metrics.ts'
import * as queries from './queries.ts'
import { removeOnRequest, removeUnprocessedChildren } from './removing.ts'
import * as returning from './returning.ts'
import { advanceScheduler, readScheduler, removeScheduler, upsertScheduler } from './schedulers.ts'
import { State, type StateCode } from './schema.ts'
import { recoverStalled } from './stalling.ts'

type Keep = boolean | number | KeepJobs | undefined
type Fields = Record<string, unknown>
type Finished = 'completed' | 'failed'
type Entry = { job: JobJson; jobId: string; parentKeyOpts?: ParentKeyOpts }
type FlowEntry = { jobData: JobJson; jobId: string; parentKeyOpts: ParentKeyOpts; prefix: string; queueName: string }

const defaultLockDuration = 30_000
const defaultStalledInterval = 30_000
/** Jobs of one bulk that are added in one transaction. */
const bulkSize = 1000

/**
 * BullMQ's backend contract over a SQLite file: what BullMQ calls, and what answers. Each call is one operation, run in a
 * transaction and answered after its commit. What an operation does is in the files this one names.
 */
export class SqliteQueueBackend extends BackendBase implements IQueueBackend {
  readonly minimumBlockTimeout = 0.001
  /** A waiting worker is told when a delayed job is due, however far off that was when it began to wait. */
  readonly maximumBlockTimeout = 60

  /** A backend for another queue of the same file. */
  forQueue(queueName: string, prefix = this.opts.prefix): SqliteQueueBackend {
    return new SqliteQueueBackend(this.store, queueName, { ...this.opts, prefix }, {}, false)
  }

  // ---- adding

  addJob(job: JobJson, jobId: string, parentKeyOpts: ParentKeyOpts = {}) {
    return this.write((tx, queue) => addJob(tx, queue, { job, jobId, parentKeyOpts }), 'addJob')
  }

  async addJobs(entries: Entry[]) {
    const ids: Promise<string[]>[] = []
    for (let from = 0; from < entries.length; from += bulkSize) {
      const some = entries.slice(from, from + bulkSize)
      ids.push(this.write((tx, queue) => some.map(entry => addJob(tx, queue, entry)), 'addJob'))
    }
    return (await Promise.all(ids)).flat()
  }

  addFlow(entries: FlowEntry[]): Promise<[Error | null, string | number][]> {
    const requests = entries.map(({ jobData: job, jobId, parentKeyOpts, prefix, queueName }) => ({
      queueKey: `${prefix}:${queueName}`,
      request: { job, jobId, parentKeyOpts },
    }))
    return this.write(tx => addFlow(tx, requests))
  }

  // ---- working

  moveToActive(token: string, name?: string): Promise<NextJob> {
    return this.take((tx, queue) => claim(tx, queue, this.#claimant(token, name), Date.now()))
  }

  async moveToCompleted(job: MinimalJob, returnValue: unknown, keep: Keep, token: string, fetchNext: boolean) {
    const finish = this.#finish(job, toKeep(keep, this.opts.removeOnComplete), token, fetchNext)
    const value = JSON.stringify(returnValue) ?? 'null'
    const result = await this.take((tx, queue) => finishing.completeJob(tx, queue, finish, value), 'moveToFinished')
    return { result, finishedOn: finish.timestamp }
  }

  async moveToFailed(
    job: MinimalJob,
    failedReason: string,
    keep: Keep,
    token: string,
    fetchNext: boolean,
    fields?: Fields,
  ) {
    const finish = this.#finish(job, toKeep(keep, this.opts.removeOnFail), token, fetchNext)
    const failure = { ...toFailure(fields), failedReason: failedReason ?? 'null' }
    const result = await this.take((tx, queue) => finishing.failJob(tx, queue, finish, failure), 'moveToFinished')
    return { result, finishedOn: finish.timestamp }
  }

  moveToDelayed(jobId: string, timestamp: number, delay: number, token = noLock, opts: MoveToDelayedOpts = {}) {
    const putOff: returning.Delay = {
      jobId,
      token,
      timestamp,
      delay,
      countsAsAttempt: !opts.skipAttempt,
      failure: toFailure(opts.fieldsToUpdate),
      next: opts.fetchNext && !this.closing ? this.#claimant(token, this.opts.name) : undefined,
    }
    return this.take((tx, queue) => returning.delayJob(tx, queue, putOff), 'moveToDelayed')
  }

  moveToWaitingChildren(jobId: string, token: string, { child }: MoveToWaitingChildrenOpts = {}) {
    return this.write((tx, queue) => returning.waitForChildren(tx, queue, jobId, token, child), 'moveToWaitingChildren')
  }

  moveJobFromActiveToWait(jobId: string, token = noLock) {
    return this.write((tx, queue) => returning.returnToLine(tx, queue, jobId, token), 'moveJobFromActiveToWait')
  }

  retryJob(jobId: string, lifo: boolean, token = noLock, opts: RetryJobOpts = {}) {
    const retry = { jobId, token, lifo, timestamp: Date.now(), failure: toFailure(opts.fieldsToUpdate) }
    return this.write((tx, queue) => returning.retryJob(tx, queue, retry), 'retryJob')
  }

  extendLock(jobId: string, token: string, duration: number) {
    return this.write((tx, queue) => (extendLock(tx, queue.id, jobId, token, duration) ? 1 : 0))
  }

  extendLocks(jobIds: string[], tokens: string[], duration: number) {
    return this.write((tx, queue) =>
      jobIds.filter((jobId, i) => !extendLock(tx, queue.id, jobId, tokens[i] ?? '', duration)),
    )
  }

  async moveStalledJobsToWait() {
    const { maxStalledCount = 1, stalledInterval = defaultStalledInterval } = this.opts
    const stalled = await this.write((tx, queue) => recoverStalled(tx, queue, maxStalledCount, stalledInterval))
    return this.recovered.splice(0).concat(stalled)
  }

  // ---- waiting

  /** Resolves as soon as there is a job to take up; null when the time is over or a delayed job has become due. */
  async waitForJob(blockTimeout: number) {
    if (this.closing || this.interrupted) return null
    const found = await this.store.wakeups.waitForJob(this.key, Math.max(0, blockTimeout) * 1000, this.interrupts)
    return found ? { member: '0', score: 0 } : null
  }

  async readEvents(id: string, blockTimeout: number): Promise<StreamReadRaw> {
    await this.waitUntilReady()
    const after = id === '$' ? this.start : await this.read((tx, queue) => cursorOf(tx, queue, id))
    if (this.closing) return undefined
    const ms = blockTimeout > 0 ? blockTimeout : Number.POSITIVE_INFINITY
    const found = await this.store.wakeups.waitForEvent(this.key, after, ms, this.interrupts)
    return found && !this.closing ? this.read((tx, queue) => eventsAfter(tx, queue, after)) : undefined
  }

  publishEvent({ event, ...fields }: Record<string, string | number>, maxEvents: number) {
    return this.write((tx, queue) => {
      queue.emit(String(event), ...Object.entries(fields).flat().map(String))
      trimEvents(tx, queue, maxEvents)
      return `${Date.now()}-${queue.state.lastEvent}`
    })
  }

  trimEvents(maxLength: number) {
    return this.write((tx, queue) => trimEvents(tx, queue, maxLength))
  }

  // ---- jobs, by hand

  retryFinishedJob(job: MinimalJob, state: Finished, opts: RetryOptions = {}) {
    const reopening = { jobId: job.id ?? '', state, lifo: job.opts.lifo ?? false, ...opts }
    return this.write((tx, queue) => returning.reopenJob(tx, queue, reopening), 'reprocessJob')
  }

  retryFinishedJobs(state: Finished = 'failed', count = 1000, timestamp = Date.now()) {
    return this.write((tx, queue) => (returning.reopenJobs(tx, queue, state, count, timestamp) ? 1 : 0))
  }

  promoteJobs(count = 1000) {
    return this.write((tx, queue) => (admin.promoteJobs(tx, queue, count) ? 1 : 0))
  }

  promote(jobId: string) {
    return this.write((tx, queue) => editing.promoteJob(tx, queue, jobId), 'promote')
  }

  changeDelay(jobId: string, delay: number) {
    return this.write((tx, queue) => editing.changeDelay(tx, queue, jobId, delay), 'changeDelay')
  }

  changePriority(jobId: string, priority = 0, lifo = false) {
    return this.write((tx, queue) => editing.changePriority(tx, queue, jobId, priority, lifo), 'changePriority')
  }

  updateData(job: MinimalJob, data: unknown) {
    return this.write((tx, queue) => editing.updateData(tx, queue, job.id ?? '', toJson(data)), 'updateData')
  }

  updateProgress(jobId: string, progress: JobProgress) {
    return this.write((tx, queue) => editing.updateProgress(tx, queue, jobId, toJson(progress)), 'updateProgress')
  }

  addLog(jobId: string, logRow: string, keepLogs?: number) {
    return this.write((tx, queue) => editing.addLog(tx, queue, jobId, logRow, keepLogs), 'addLog')
  }

  clearLogs(jobId: string, keepLogs = 0) {
    return this.write((tx, queue) => editing.trimLogs(tx, queue, jobId, keepLogs))
  }

  remove(jobId: string, removeChildren: boolean) {
    return this.write((tx, queue) => (removeOnRequest(tx, queue, jobId, removeChildren) ? 1 : 0), 'removeJob')
  }

  removeUnprocessedChildren(jobId: string) {
    return this.write((tx, queue) => removeUnprocessedChildren(tx, queue, jobId))
  }

  removeChildDependency(jobId: string, parentKey: string) {
    return this.write((tx, queue) => editing.leaveParent(tx, queue, jobId, parentKey), 'removeChildDependency')
  }

  removeDeduplicationKey(deduplicationId: string, jobId: string) {
    return this.write((tx, queue) => editing.freeDeduplication(tx, queue, deduplicationId, jobId))
  }

  deleteDeduplicationKey(deduplicationId: string) {
    return this.write((tx, queue) => editing.freeDeduplication(tx, queue, deduplicationId))
  }

  // ---- whole queues

  pause(pause: boolean) {
    return this.write((_, queue) => (pause ? admin.pauseQueue(queue) : admin.resumeQueue(queue)))
  }

  async drain(delayed: boolean) {
    const states: StateCode[] = [State.wait, State.prioritized]
    if (delayed) states.push(State.delayed)
    const newest = await this.read(admin.lastRowid)
    for (const state of states)
      for (const walk = admin.walk(state, newest); !walk.done; )
        await this.write((tx, queue) => admin.drainSome(tx, queue, walk))
  }

  async cleanJobsByState(type: string, timestamp: number, limit = 0) {
    const state = queries.stateOf(type)
    const removed: string[] = []
    if (state !== undefined) {
      const walk = admin.walk(state, await this.read(admin.lastRowid))
      while (!walk.done) {
        const left = (limit || Number.POSITIVE_INFINITY) - removed.length
        removed.push(...(await this.write((tx, queue) => admin.cleanSome(tx, queue, walk, timestamp, left))))
      }
    }
    await this.write((_, queue) => queue.emit('cleaned', 'count', String(removed.length)))
    return removed
  }

  obliterate({ force, count }: { force: boolean; count: number }) {
    const atOnce = Math.min(count, admin.chunkSize)
    return this.write((tx, queue) => (admin.obliterateSome(tx, queue, atOnce, force) ? 1 : 0))
  }

  /** A job is one row: nothing of it can be left over. */
  async removeOrphanedJobs() {
    return 0
  }

  async removeDeprecatedPriorityKey() {
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
  ) {
    const upsert = { id, nextMillis, templateData, templateOpts, opts, jobOpts, now: Date.now() }
    return this.write((tx, queue) => upsertScheduler(tx, queue, upsert), 'addJobScheduler')
  }

  updateJobSchedulerNextMillis(id: string, nextMillis: number, _: string, jobOpts: JobsOptions, producerId?: string) {
    const advance = { id, nextMillis, jobOpts, producerId, now: Date.now() }
    return this.write((tx, queue) => advanceScheduler(tx, queue, advance))
  }

  removeJobScheduler(id: string) {
    return this.write((tx, queue) => (removeScheduler(tx, queue, id) ? 0 : 1))
  }

  async getJobScheduler(id: string): Promise<[string[] | null, string | null]> {
    const scheduler = await this.read((tx, queue) => readScheduler(tx, queue, id))
    return scheduler ? [Object.entries(scheduler.fields).flat(), String(scheduler.nextRun)] : [null, null]
  }

  isJobScheduler(id: string) {
    return this.read((tx, queue) => readScheduler(tx, queue, id) !== undefined)
  }

  getJobSchedulerData(id: string) {
    return this.read((tx, queue) => readScheduler(tx, queue, id)?.fields ?? {})
  }

  getJobSchedulersRange(start: number, end: number, asc: boolean) {
    return this.read((tx, queue) => queries.schedulersOf(tx, queue, start, end, asc))
  }

  getJobSchedulersCount() {
    return this.read((tx, queue) => tx.sql.countSchedulers.get(queue.id)!.n)
  }

  // ---- reading

  getState(jobId: string) {
    return this.read((tx, queue) => queries.jobState(tx, queue, jobId))
  }

  async isFinished(jobId: string, returnValue = false) {
    const outcome = await this.read((tx, queue) => queries.outcome(tx, queue, jobId))
    return returnValue ? outcome : outcome[0]
  }

  isJobInState(state: string, jobId: string) {
    return this.read((tx, queue) => queries.isInState(tx, queue, state, jobId))
  }

  getJobData(jobId: string) {
    return this.read((tx, queue) => queries.jobJson(tx, queue, jobId))
  }

  getJobLogs(jobId: string, start: number, end: number, asc: boolean) {
    return this.read((tx, queue) => queries.logsOf(tx, queue, jobId, start, end, asc))
  }

  getCounts(types: JobType[], delayedTimestamp?: number) {
    return this.read((tx, queue) => queries.countsOf(tx, queue, types, delayedTimestamp))
  }

  getCountsPerPriority(priorities: number[]) {
    return this.read((tx, queue) => queries.countsPerPriority(tx, queue, priorities))
  }

  getRanges(types: JobType[], start = 0, end = 1, asc = false) {
    const ids = this.read((tx, queue) => types.map(type => queries.idsOf(tx, queue, type, start, end, asc)))
    // The contract says a list of one-item tuples where it means a list of lists.
    return ids as Promise<[string][]>
  }

  getDependencyCounts(jobId: string, types: string[]) {
    return this.read((tx, queue) => queries.childCounts(tx, queue, jobId, types))
  }

  getDependencies(jobId: string, opts: DependenciesOpts = {}) {
    return this.read((tx, queue) => queries.dependencies(tx, queue, jobId, opts))
  }

  getProcessedChildrenValues(jobId: string) {
    return this.read((tx, queue) => queries.childValues(tx, queue, jobId, 'processed'))
  }

  getIgnoredChildrenFailures(jobId: string) {
    return this.read((tx, queue) => queries.childValues(tx, queue, jobId, 'ignored'))
  }

  /** The key is that of a job's processed or pending children: "<queue>:<id>:processed" or "<queue>:<id>:dependencies". */
  paginate(key: string, range: { start: number; end: number; fetchJobs?: boolean }) {
    const type = key.endsWith(':processed') ? 'processed' : 'unprocessed'
    const jobId = key.slice(this.key.length + 1, key.lastIndexOf(':'))
    return this.read((tx, queue) => queries.childPage(tx, queue, jobId, type, range))
  }

  getMetrics(type: Finished, start = 0, end = -1) {
    return this.read((tx, queue) => readMetric(tx, queue, type, start, end))
  }

  getDeduplicationJobId(deduplicationId: string) {
    return this.read((tx, queue) => queries.deduplicationHolder(tx, queue, deduplicationId))
  }

  getRateLimitTtl(maxJobs?: number) {
    return this.read((_, queue) => queries.rateLimitTtl(queue, maxJobs))
  }

  isMaxed() {
    return this.read((_, queue) => queue.isMaxed)
  }

  /** As Redis lists its clients: one text, a line each. */
  async getClientList() {
    const clients = await this.read(tx => tx.sql.clients.all())
    const line = ({ id, pid, name, started_at }: (typeof clients)[number]) =>
      `id=${id} pid=${pid} started=${started_at} name=${name}`
    return [clients.map(line).join('\n')]
  }

  // ---- the queue's settings

  setQueueMeta(values: Record<string, string | number>) {
    return this.write((_, queue) => editing.setMeta(queue, values))
  }

  removeQueueMetaFields(fields: string[]) {
    return this.write((_, queue) => editing.removeMeta(queue, fields))
  }

  getQueueMeta() {
    return this.read((_, queue) => ({ ...queue.meta }))
  }

  getQueueMetaField(field: string) {
    return this.read((_, queue) => queue.meta[field] ?? null)
  }

  getQueueMetaFields(fields: string[]) {
    return this.read((_, queue) => fields.map(field => queue.meta[field] ?? null))
  }

  hasQueueMetaField(field: string) {
    return this.read((_, queue) => field in queue.meta)
  }

  setRateLimit(expireTimeMs: number) {
    return this.write((_, queue) => editing.limitRate(queue, expireTimeMs))
  }

  removeRateLimitKey() {
    return this.write((_, queue) => editing.unlimitRate(queue))
  }

  #claimant(token: string, name?: string): Claimant {
    const { lockDuration = defaultLockDuration, limiter } = this.opts
    return { token, name, lockDuration, limiter }
  }

  #finish(job: MinimalJob, keep: KeepJobs, token: string, fetchNext: boolean): finishing.Finish {
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
}

function toKeep(ofJob: Keep, ofWorker: KeepJobs | undefined): KeepJobs {
  if (ofJob === undefined) return ofWorker ?? { count: -1 }
  if (typeof ofJob === 'object') return ofJob
  return { count: typeof ofJob === 'number' ? ofJob : ofJob ? 0 : -1 }
}

function toFailure({ failedReason, stacktrace }: Fields = {}): finishing.Failure {
  const text = (field: unknown) => (field === undefined ? undefined : String(field))
  return { failedReason: text(failedReason), stacktrace: text(stacktrace) }
}

const toJson = (value: unknown): string => JSON.stringify(value) ?? 'null'
