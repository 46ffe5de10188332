import type { IQueueBackend, MinimalJob, StreamReadRaw } from 'bullmq'
import { addFlow, addJob, addJobs } from './adding.ts'
import * as admin from './admin.ts'
import { BackendBase } from './backend-base.ts'
import { claim, extendLock, extendLocks, recoverStalled } from './claiming.ts'
import { deduplicationHolder, freeDeduplication } from './deduplication.ts'
import * as editing from './editing.ts'
import { cursorOf, eventsAfter, publishEvent, trimEvents } from './events.ts'
import * as finishing from './finishing.ts'
import { readMetric } from './metrics.ts'
import * as queries from './queries.ts'
import type { Args, Queue } from './queues.ts'
import { removeOnRequest, removeUnprocessedChildren } from './removing.ts'
import { advanceScheduler, readScheduler, removeScheduler, upsertScheduler } from './schedulers.ts'

const bulkSize = 1000 // jobs of a bulk per transaction

/**
 * BullMQ's backend contract over a SQLite file: each method of BullMQ, and the operation that answers it. An operation runs in a
 * transaction and is answered after its commit. The operations are in the files imported here.
 */
export class SqliteQueueBackend extends BackendBase implements IQueueBackend {
  readonly minimumBlockTimeout = 0.001 // s
  readonly maximumBlockTimeout = 60 // s; a waiting worker is woken for delayed jobs, so it need not look more often
  readonly #siblings = new Map<string, SqliteQueueBackend>() // for the queues of flows

  forQueue(queueName: string, prefix = this.opts.prefix): SqliteQueueBackend {
    const key = `${prefix}:${queueName}`
    let sibling = this.#siblings.get(key)
    if (!sibling) {
      sibling = new SqliteQueueBackend(this.store, queueName, { ...this.opts, prefix }, { ownsStore: false })
      this.#siblings.set(key, sibling)
    }
    return sibling
  }

  // ---- adding
  addJob = this.write(addJob, 'addJob')
  addFlow = this.write(addFlow)

  async addJobs(entries: Args<'addJobs'>[0]) {
    const addSome = this.write(addJobs, 'addJob')
    const ids: Promise<string[]>[] = []
    for (let from = 0; from < entries.length; from += bulkSize) ids.push(addSome(entries.slice(from, from + bulkSize)))
    return (await Promise.all(ids)).flat()
  }

  // ---- working
  moveToActive = this.take((queue, token: string, name?: string) => claim(queue, this.opts, token, name))
  moveToCompleted = async (...args: Args<'moveToCompleted'>) => this.#complete(this.opts, toJson(args[1]), args)
  #complete = this.take(finishing.completeJob, 'moveToFinished')
  moveToFailed = (...args: Args<'moveToFailed'>) => this.#fail(this.opts, args)
  #fail = this.take(finishing.failJob, 'moveToFinished')
  moveToDelayed = (...args: Args<'moveToDelayed'>) => this.#delay(this.opts, args)
  #delay = this.take(finishing.delayJob, 'moveToDelayed')
  moveToWaitingChildren = this.write(finishing.waitForChildren, 'moveToWaitingChildren')
  moveJobFromActiveToWait = this.write(finishing.returnToLine, 'moveJobFromActiveToWait')
  retryJob = this.write(finishing.retryJob, 'retryJob')
  extendLock = this.write(extendLock)
  extendLocks = this.write(extendLocks)

  async moveStalledJobsToWait() {
    const stalled = await this.write(recoverStalled)(this.opts)
    return this.recoveredIds.splice(0).concat(stalled)
  }

  // ---- waiting
  /** Resolves as soon as there is a job to take; with null after the timeout or when a delayed job becomes due. */
  async waitForJob(blockTimeout: number) {
    if (this.closing || this.interrupted) return null
    const isWorkWaiting = await this.store.wakeups.wait(this, this.qualifiedName, Math.max(0, blockTimeout) * 1000)
    return isWorkWaiting ? { member: '0', score: 0 } : null
  }

  async readEvents(id: string, blockTimeout: number): Promise<StreamReadRaw> {
    await this.waitUntilReady()
    const after = id === '$' ? this.startEvent : await this.read(cursorOf)(id)
    if (this.closing) return undefined
    const ms = blockTimeout > 0 ? blockTimeout : Infinity
    const hasEvents = await this.store.wakeups.wait(this, this.qualifiedName, ms, after)
    return hasEvents && !this.closing ? this.read(eventsAfter)(after) : undefined
  }

  publishEvent = this.write(publishEvent)
  trimEvents = this.write(trimEvents)

  // ---- jobs, by hand
  retryFinishedJob = this.write(finishing.reopenJob, 'reprocessJob')
  retryFinishedJobs = this.write(finishing.reopenJobs)
  promoteJobs = this.write(editing.promoteJobs)
  promote = this.write(editing.promoteJob, 'promote')
  changeDelay = this.write(editing.changeDelay, 'changeDelay')
  changePriority = this.write(editing.changePriority, 'changePriority')
  updateData = async ({ id = '' }: MinimalJob, data: unknown) =>
    this.write(editing.updateData, 'updateData')(id, toJson(data))
  updateProgress = async (id: string, progress: unknown) =>
    this.write(editing.updateProgress, 'updateProgress')(id, toJson(progress))
  addLog = this.write(editing.addLog, 'addLog')
  clearLogs = this.write(editing.trimLogs)
  remove = this.write(removeOnRequest, 'removeJob')
  removeUnprocessedChildren = this.write(removeUnprocessedChildren)
  removeChildDependency = this.write(editing.leaveParent, 'removeChildDependency')
  removeDeduplicationKey = this.write(freeDeduplication)
  deleteDeduplicationKey = this.write((queue, id: string) => freeDeduplication(queue, id))

  // ---- whole queues
  pause = this.write(admin.pause)
  obliterate = this.write(admin.obliterateSome)
  drain = (delayed: boolean) => admin.drain(this.#run, delayed)
  cleanJobsByState = (...args: Args<'cleanJobsByState'>) => admin.clean(this.#run, ...args)
  #run = <T>(operation: (queue: Queue) => T) => this.write(operation)()
  removeOrphanedJobs = async () => 0 // a job is one row, so nothing of it can be left over
  removeDeprecatedPriorityKey = async () => 0
  setQueueMeta = this.write(admin.setMeta)
  removeQueueMetaFields = this.write(admin.removeMeta)
  getQueueMeta = this.read(({ state }) => ({ ...state.meta }))
  getQueueMetaField = this.read(({ state }, field: string) => state.meta[field] ?? null)
  getQueueMetaFields = this.read(({ state }, fields: string[]) => fields.map(field => state.meta[field] ?? null))
  hasQueueMetaField = this.read(({ state }, field: string) => field in state.meta)
  setRateLimit = this.write(admin.limitRate)
  removeRateLimitKey = this.write(admin.unlimitRate)

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
  isFinished = this.read(queries.finishedStatus)
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
}

const toJson = (value: unknown): string => JSON.stringify(value) ?? 'null'
