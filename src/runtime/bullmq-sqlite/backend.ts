import type {
  IQueueBackend,
  JobJson,
  JobProgress,
  MinimalJob,
  MoveToDelayedOpts,
  ParentKeyOpts,
  StreamReadRaw,
} from 'bullmq'
import { addFlow, addJob } from './adding.ts'
import * as admin from './admin.ts'
import { BackendBase } from './backend-base.ts'
import { claim } from './claiming.ts'
import { deduplicationHolder, freeDeduplication } from './deduplication.ts'
import * as editing from './editing.ts'
import { cursorOf, eventsAfter, publishEvent, trimEvents } from './events.ts'
import { completeJob, type Finish, failJob, failureColumns } from './finishing.ts'
import { extendLock, extendLocks } from './locks.ts'
import { readMetric } from './metrics.ts'
import * as queries from './queries.ts'
import { removeOnRequest, removeUnprocessedChildren } from './removing.ts'
import * as returning from './returning.ts'
import { advanceScheduler, readScheduler, removeScheduler, upsertScheduler } from './schedulers.ts'
import { State } from './schema.ts'
import { recoverStalled } from './stalling.ts'

type Keep = Finish['keep']
type Entry = { job: JobJson; jobId: string; parentKeyOpts?: ParentKeyOpts }

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

  addJob = this.write(addJob, 'addJob')
  addFlow = this.write(addFlow)

  async addJobs(entries: Entry[]) {
    const ids: Promise<string[]>[] = []
    for (let from = 0; from < entries.length; from += bulkSize)
      ids.push(this.#addSome(entries.slice(from, from + bulkSize)))
    return (await Promise.all(ids)).flat()
  }

  #addSome = this.write(
    (queue, entries: Entry[]) =>
      entries.map(({ job, jobId, parentKeyOpts }) => addJob(queue, job, jobId, parentKeyOpts)),
    'addJob',
  )

  // ---- working

  moveToActive = this.take((queue, token: string, name?: string) => claim(queue, this.opts, token, name))

  async moveToCompleted(job: MinimalJob, returnValue: unknown, keep: Keep, token: string, fetchNext: boolean) {
    const finish = this.#finish(job, keep ?? this.opts.removeOnComplete, token, fetchNext)
    return { result: await this.#complete(finish, toJson(returnValue)), finishedOn: finish.timestamp }
  }

  async moveToFailed(
    job: MinimalJob,
    reason: string,
    keep: Keep,
    token: string,
    fetchNext: boolean,
    fields?: Record<string, unknown>,
  ) {
    const finish = this.#finish(job, keep ?? this.opts.removeOnFail, token, fetchNext)
    const result = await this.#fail(finish, reason ?? 'null', failureColumns(fields))
    return { result, finishedOn: finish.timestamp }
  }

  #finish(job: MinimalJob, keep: Keep, token: string, fetchNext: boolean): Finish {
    return { job, token, timestamp: Date.now(), keep, rules: this.opts, fetchNext }
  }

  #complete = this.take(completeJob, 'moveToFinished')
  #fail = this.take(failJob, 'moveToFinished')

  moveToDelayed(jobId: string, timestamp: number, delay: number, token?: string, opts?: MoveToDelayedOpts) {
    return this.#delay(this.opts, jobId, timestamp, delay, token, opts)
  }

  #delay = this.take(returning.delayJob, 'moveToDelayed')

  moveToWaitingChildren = this.write(returning.waitForChildren, 'moveToWaitingChildren')
  moveJobFromActiveToWait = this.write(returning.returnToLine, 'moveJobFromActiveToWait')
  retryJob = this.write(returning.retryJob, 'retryJob')
  extendLock = this.write(extendLock)
  extendLocks = this.write(extendLocks)

  async moveStalledJobsToWait() {
    const { maxStalledCount = 1, stalledInterval = defaultStalledInterval } = this.opts
    const stalled = await this.#recoverStalled(maxStalledCount, stalledInterval)
    return this.recovered.splice(0).concat(stalled)
  }

  #recoverStalled = this.write(recoverStalled)

  // ---- waiting

  /** Resolves as soon as there is a job to take up; null when the time is over or a delayed job has become due. */
  async waitForJob(blockTimeout: number) {
    if (this.closing || this.interrupted) return null
    const ms = Math.max(0, blockTimeout) * 1000
    const found = await this.store.wakeups.wait(this.qualifiedName, ms, this.interrupts)
    return found ? { member: '0', score: 0 } : null
  }

  async readEvents(id: string, blockTimeout: number): Promise<StreamReadRaw> {
    await this.waitUntilReady()
    const after = id === '$' ? this.start : await this.#cursorOf(id)
    if (this.closing) return undefined
    const ms = blockTimeout > 0 ? blockTimeout : Number.POSITIVE_INFINITY
    const found = await this.store.wakeups.wait(this.qualifiedName, ms, this.interrupts, after)
    return found && !this.closing ? this.#eventsAfter(after) : undefined
  }

  #cursorOf = this.read(cursorOf)
  #eventsAfter = this.read(eventsAfter)
  publishEvent = this.write(publishEvent)
  trimEvents = this.write(trimEvents)

  // ---- jobs, by hand

  retryFinishedJob = this.write(returning.reopenJob, 'reprocessJob')
  retryFinishedJobs = this.write(returning.reopenJobs)
  promoteJobs = this.write(editing.promoteJobs)
  promote = this.write(editing.promoteJob, 'promote')
  changeDelay = this.write(editing.changeDelay, 'changeDelay')
  changePriority = this.write(editing.changePriority, 'changePriority')
  updateData = (job: MinimalJob, data: unknown) => this.#updateData(job.id ?? '', toJson(data))
  #updateData = this.write(editing.updateData, 'updateData')
  updateProgress = (jobId: string, progress: JobProgress) => this.#updateProgress(jobId, toJson(progress))
  #updateProgress = this.write(editing.updateProgress, 'updateProgress')
  addLog = this.write(editing.addLog, 'addLog')
  clearLogs = this.write(editing.trimLogs)
  remove = this.write(removeOnRequest, 'removeJob')
  removeUnprocessedChildren = this.write(removeUnprocessedChildren)
  removeChildDependency = this.write(editing.leaveParent, 'removeChildDependency')
  removeDeduplicationKey = this.write(freeDeduplication)
  deleteDeduplicationKey = this.write((queue, id: string) => freeDeduplication(queue, id))

  // ---- whole queues

  pause = this.write(admin.pause)

  async drain(delayed: boolean) {
    const walk = new admin.Walk([State.wait, State.prioritized, ...(delayed ? [State.delayed] : [])])
    while (!walk.isDone) await this.#drainSome(walk)
  }

  async cleanJobsByState(type: string, timestamp: number, limit = 0) {
    const state = queries.stateOf(type)
    const removed: string[] = []
    if (state !== undefined) {
      const walk = new admin.Walk([state])
      while (!walk.isDone)
        removed.push(...(await this.#cleanSome(walk, state, timestamp, (limit || Infinity) - removed.length)))
    }
    await this.#tellCleaned(removed.length)
    return removed
  }

  #drainSome = this.write(admin.drainSome)
  #cleanSome = this.write(admin.cleanSome)
  #tellCleaned = this.write((queue, count: number) => queue.emit('cleaned', 'count', String(count)))
  obliterate = this.write(admin.obliterateSome)
  /** A job is one row: nothing of it can be left over. */
  removeOrphanedJobs = async () => 0
  removeDeprecatedPriorityKey = async () => 0

  // ---- schedulers

  addJobScheduler = this.write(upsertScheduler, 'addJobScheduler')
  updateJobSchedulerNextMillis = this.write(advanceScheduler)
  removeJobScheduler = this.write(removeScheduler)
  isJobScheduler = this.read((queue, id: string) => readScheduler(queue, id) !== undefined)
  getJobSchedulerData = this.read((queue, id: string) => readScheduler(queue, id)?.fields ?? {})
  getJobScheduler = this.read((queue, id: string): [string[] | null, string | null] => {
    const scheduler = readScheduler(queue, id)
    return scheduler ? [Object.entries(scheduler.fields).flat(), String(scheduler.nextRun)] : [null, null]
  })
  getJobSchedulersCount = this.read(queries.countSchedulers)
  getJobSchedulersRange = this.read((queue, start: number, end: number, asc: boolean) =>
    queries.schedulersOf(queue, start, end, asc).flatMap(({ id, next_run }) => [id, String(next_run)]),
  )

  // ---- reading

  getState = this.read(queries.jobState)
  isFinished = this.read(queries.outcome)
  isJobInState = this.read(queries.isInState)
  getJobData = this.read(queries.jobJson)
  getJobLogs = this.read(queries.logsOf)
  getCounts = this.read(queries.countsOf)
  getCountsPerPriority = this.read(queries.countsPerPriority)
  getRanges = this.read(queries.idsOf)
  getDependencyCounts = this.read(queries.childCounts)
  getDependencies = this.read(queries.dependencies)
  getProcessedChildrenValues = this.read((queue, jobId: string) => queries.childValues(queue, jobId, 'processed'))
  getIgnoredChildrenFailures = this.read((queue, jobId: string) => queries.childValues(queue, jobId, 'ignored'))
  paginate = this.read(queries.childPage)
  getMetrics = this.read(readMetric)
  getDeduplicationJobId = this.read(deduplicationHolder)
  getRateLimitTtl = this.read(queries.rateLimitTtl)
  isMaxed = this.read(queue => queue.isMaxed)
  getClientList = this.read(queries.clientList)

  // ---- the queue's settings

  setQueueMeta = this.write(admin.setMeta)
  removeQueueMetaFields = this.write(admin.removeMeta)
  getQueueMeta = this.read(({ meta }) => ({ ...meta }))
  getQueueMetaField = this.read(({ meta }, field: string) => meta[field] ?? null)
  getQueueMetaFields = this.read(({ meta }, fields: string[]) => fields.map(field => meta[field] ?? null))
  hasQueueMetaField = this.read(({ meta }, field: string) => field in meta)
  setRateLimit = this.write(admin.limitRate)
  removeRateLimitKey = this.write(admin.unlimitRate)
}

const toJson = (value: unknown): string => JSON.stringify(value) ?? 'null'
