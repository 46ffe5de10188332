import { join } from 'node:path'
import {
  type BackendClasses,
  createRedisBackend,
  type IQueueBackend,
  type Job,
  type JobsOptions,
  withBackend,
} from 'bullmq'
import { createSqliteBackend } from '../src/index.ts'
import {
  afterTest,
  type Chance,
  chance,
  expect,
  isBun,
  redisTest,
  rounds,
  sleep,
  startRedis,
  temporaryFolder,
  untilHeard,
} from './support.ts'

/*
 * The same random steps on a queue on SQLite and on one on Redis: after every step both must give the same answer and be in the
 * same state. `SEED=…` repeats one run.
 */

const hour = 3_600_000
const states = ['waiting', 'prioritized', 'delayed', 'active', 'waiting-children', 'completed', 'failed'] as const

/** A queue with a worker driven by hand, and its visible state. */
async function open<B extends IQueueBackend, C>(classes: BackendClasses<B, C>, connection: C) {
  const queue = new classes.Queue('jobs', { connection })
  const worker = new classes.Worker('jobs', null, { connection, maxStalledCount: 1 })
  const flows = new classes.FlowProducer({ connection })
  const events = new classes.QueueEvents('jobs', { connection })
  const eventLines: string[] = []
  for (const name of [
    'added',
    'waiting',
    'active',
    'completed',
    'failed',
    'delayed',
    'deduplicated',
    'duplicated',
  ] as const)
    events.on(name, (args: object) => eventLines.push(`${name} ${Object.values({ ...args, delay: '' }).join(' ')}`))
  for (const name of ['waiting-children', 'removed', 'retries-exhausted', 'paused', 'resumed', 'cleaned'] as const)
    events.on(name, (args: object) => eventLines.push(`${name} ${Object.values(args).join(' ')}`))
  const producer = new classes.QueueEventsProducer('jobs', { connection })
  for (const it of [queue, worker, flows, events, producer]) afterTest(() => it.close())
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady(), untilHeard(events, producer)])
  const heldJobs = new Map<string, { job: Job; token: string }>()

  /** A step with all random choices made. Returns what a caller sees. */
  async function step({ what, id, opts, n, flag }: Step): Promise<unknown> {
    const job = id ? await queue.getJob(id) : undefined
    const heldJob = id ? heldJobs.get(id) : undefined
    switch (what) {
      case 'add':
        return (await queue.add('job', { n }, opts)).id
      case 'bulk':
        return (await queue.addBulk([1, 2, 3].map(i => ({ name: 'job', data: i, opts })))).map(job => job.id)
      case 'flow': {
        const children = [1, 2].map(i => ({ name: 'child', queueName: 'jobs', opts: { ...opts, jobId: `c${n}-${i}` } }))
        return (await flows.add({ name: 'parent', queueName: 'jobs', opts: { jobId: `p${n}` }, children })).job.id
      }
      case 'claim': {
        const job = await worker.getNextJob(`token-${n}`, { block: false })
        if (job?.id) heldJobs.set(job.id, { job, token: `token-${n}` })
        return job && [job.id, job.attemptsStarted, job.attemptsMade, job.deferredFailure]
      }
      case 'complete':
        heldJobs.delete(id ?? '')
        return heldJob?.job.moveToCompleted(n, heldJob.token, false)
      case 'fail':
        heldJobs.delete(id ?? '')
        return heldJob?.job.moveToFailed(new Error(`failure ${n}`), heldJob.token, false)
      case 'put off':
        heldJobs.delete(id ?? '')
        return heldJob?.job.moveToDelayed(Date.now() + hour * n, heldJob.token)
      case 'give back':
        // Redis orders jobs by id if it puts them in front of others of their priority.
        if (!heldJob || heldJob.job.priority > 0) return
        heldJobs.delete(id ?? '')
        return heldJob.job.moveToWait(heldJob.token)
      case 'wait for children':
        return heldJob?.job.moveToWaitingChildren(heldJob.token)
      case 'promote':
        return job?.promote()
      case 'put off further':
        return job?.changeDelay(hour * n)
      case 'change priority':
        return job?.changePriority({ priority: n % 4, lifo: flag && n % 4 === 0 })
      case 'remove':
        return id && queue.remove(id, { removeChildren: flag })
      case 'retry':
        return job?.retry(flag ? 'failed' : 'completed', { resetAttemptsMade: n % 2 === 0 })
      case 'retry all':
        return queue.retryJobs({ state: flag ? 'failed' : 'completed' })
      case 'promote all':
        return queue.promoteJobs()
      case 'log':
        return job?.log(`line ${n}`)
      case 'progress':
        return job?.updateProgress(n)
      case 'pause':
        return flag ? queue.pause() : queue.resume()
      case 'drain':
        return queue.drain(flag)
      case 'clean':
        return queue.clean(flag ? 0 : hour, 0, cleanedStates[n % cleanedStates.length])
      case 'forget deduplication':
        return queue.removeDeduplicationKey(`d${n % 3}`)
    }
  }

  async function visibleState() {
    const lists = states.map(async state => {
      const jobs = await queue.getJobs([state], 0, -1, true)
      // Redis orders jobs of the same millisecond by id.
      if (/completed|failed|children/.test(state)) jobs.sort((a, b) => idOf(a).localeCompare(idOf(b)))
      return [state, jobs.map(idOf)] as const
    })
    const sorted: Record<string, string[]> = Object.fromEntries(await Promise.all(lists))
    return {
      counts: await queue.getJobCounts(),
      lists: sorted,
      paused: await queue.isPaused(),
    }
  }

  /** All stored fields of every job, except times. */
  async function storedJobs() {
    const all = await queue.getJobs([...states])
    const stored = all.map(async ({ id = '', ...job }) => ({
      id,
      data: job.data,
      priority: job.priority,
      progress: job.progress,
      attemptsMade: job.attemptsMade,
      attemptsStarted: job.attemptsStarted,
      returnvalue: job.returnvalue,
      failedReason: job.failedReason,
      stacks: job.stacktrace?.length,
      deferred: job.deferredFailure,
      parent: job.parent,
      deduplication: job.deduplicationId,
      children: (await queue.getDependencies(id, 'processed', 0, -1)).items.map(({ id }) => id).sort(),
      pending: (await queue.getDependencies(id, 'pending', 0, -1)).items.map(({ id }) => id).sort(),
      logs: (await queue.getJobLogs(id)).logs,
    }))
    return (await Promise.all(stored)).sort((a, b) => a.id.localeCompare(b.id))
  }

  return { step, visibleState, storedJobs, eventLines, hearAll: () => untilHeard(events, producer) }
}

const cleanedStates = ['completed', 'failed', 'delayed', 'prioritized', 'wait', 'active'] as const

interface Step {
  readonly what: (typeof stepKinds)[number]
  readonly id?: string
  readonly opts?: JobsOptions
  readonly n: number
  readonly flag: boolean
}

const stepKinds = [
  ...([
    'add',
    'add',
    'add',
    'add',
    'bulk',
    'flow',
    'claim',
    'claim',
    'claim',
    'claim',
    'complete',
    'complete',
  ] as const),
  ...(['complete', 'fail', 'fail', 'put off', 'give back', 'wait for children', 'promote', 'put off further'] as const),
  ...(['change priority', 'remove', 'retry', 'retry all', 'promote all', 'log', 'progress', 'pause', 'drain'] as const),
  ...(['clean', 'forget deduplication'] as const),
]

/** Steps that remove much are rare, so that state can build up. */
const rare = new Set(['drain', 'clean', 'pause', 'retry all', 'promote all'])
/** Mostly jobs for which the step makes sense; sometimes any other. */
const usualStates: Partial<Record<Step['what'], (typeof states)[number][]>> = {
  complete: ['active'],
  fail: ['active'],
  'put off': ['active'],
  'give back': ['active'],
  'wait for children': ['active'],
  promote: ['delayed'],
  'put off further': ['delayed'],
  'change priority': ['waiting', 'prioritized'],
  retry: ['completed', 'failed'],
}

function choose(chance: Chance, lists: Record<string, string[]>, n: number): Step {
  const what = chance.one(stepKinds)
  if (rare.has(what) && chance.some(0.8)) return choose(chance, lists, n)
  const flag = what === 'pause' ? chance.some(0.3) : chance.some(0.5)
  const chosenStates = chance.some(0.1) ? states : (usualStates[what] ?? states)
  const ids = chosenStates.flatMap(state => lists[state] ?? [])
  return { what, id: ids.length > 0 ? chance.one(ids) : undefined, opts: options(chance, n), n, flag }
}

function options(chance: Chance, n: number): JobsOptions {
  const opts: JobsOptions = { attempts: 1 + chance.below(3) }
  if (chance.some(0.2)) opts.delay = hour * (1 + n)
  if (chance.some(0.3)) opts.priority = 1 + chance.below(3)
  if (chance.some(0.2)) opts.lifo = true
  if (chance.some(0.2)) opts.backoff = hour
  if (chance.some(0.2)) opts.removeOnComplete = chance.one([true, 3])
  if (chance.some(0.2)) opts.removeOnFail = chance.one([true, 2])
  if (chance.some(0.3)) opts.deduplication = { id: `d${chance.below(3)}`, ...chance.one(deduplicationModes) }
  else Object.assign(opts, chance.one(failurePolicies))
  return opts
}

const deduplicationModes = [
  {},
  { replace: true },
  { reschedule: true },
  { ttl: hour },
  { ttl: hour, extend: true },
  { keepLastIfActive: true },
]
const failurePolicies = [
  ...[{}, {}, { failParentOnFailure: true }, { ignoreDependencyOnFailure: true }],
  ...[{ removeDependencyOnFailure: true }, { continueParentOnFailure: true }],
]

const idOf = ({ id = '' }: Job) => id
const resultOf = (step: Promise<unknown>) =>
  step.then(
    value => ({ value }),
    (error: Error) => ({ error: error.message }),
  )

/** The steps depend little on the runtime, so the second one does fewer. */
const seeds = rounds(isBun ? 2 : 1, 6)
const steps = rounds(isBun ? 150 : 50, 200)

for (const seed of process.env.SEED ? [Number(process.env.SEED)] : Array.from({ length: seeds }, (_, i) => i + 1))
  redisTest(`after random steps a queue on SQLite equals one on Redis (SEED=${seed})`, async () => {
    const random = chance(seed)
    const port = await startRedis()
    const sqlite = await open(withBackend(createSqliteBackend), { path: join(temporaryFolder(), 'queue.db') })
    const redis = await open(withBackend(createRedisBackend), { host: '127.0.0.1', port })
    let lists: Record<string, string[]> = {}
    for (let n = 1; n <= steps; n++) {
      const step = choose(random, lists, n)
      const expected = await resultOf(redis.step(step))
      const context = `SEED=${seed}, step ${n}: ${JSON.stringify(step)}`
      expect({ context, ...(await resultOf(sqlite.step(step))) }).toEqual({ context, ...expected })
      const snapshot = await redis.visibleState()
      expect({ context, ...(await sqlite.visibleState()) }).toEqual({ context, ...snapshot })
      lists = snapshot.lists
      await sleep(1) // no two steps in one millisecond
    }
    expect(await sqlite.storedJobs()).toEqual(await redis.storedJobs())
    await Promise.all([sqlite.hearAll(), redis.hearAll()])
    // The children of a removed parent are removed in any order.
    const removals = (eventLines: string[]) => eventLines.filter(line => line.startsWith('removed')).sort()
    const others = (eventLines: string[]) => eventLines.filter(line => !line.startsWith('removed'))
    expect(others(sqlite.eventLines)).toEqual(others(redis.eventLines))
    expect(removals(sqlite.eventLines)).toEqual(removals(redis.eventLines))
  })
