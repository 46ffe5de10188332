import { join } from 'node:path'
import {
  type BackendClasses,
  createRedisBackend,
  DelayedError,
  type IQueueBackend,
  type QueueEventsListener,
  UnrecoverableError,
  WaitingChildrenError,
  withBackend,
} from 'bullmq'
import { createSqliteBackend } from '../src/index.ts'
import { outcome } from './outcome.ts'
import { afterTest, expect, redisTest, sleep, startRedis, temporaryFolder, test, until, untilHeard } from './support.ts'

contract('SQLite', test, withBackend(createSqliteBackend), async () => ({ path: join(temporaryFolder(), 'queue.db') }))
contract('Redis', redisTest, withBackend(createRedisBackend), async () => {
  const port = await startRedis()
  return { host: '127.0.0.1', port }
})

type CustomEvents = QueueEventsListener & { mine(args: unknown): void }

/** What a user of BullMQ sees, with either store. Redis is the reference: every expectation was first its answer. */
function contract<B extends IQueueBackend, C>(
  store: string,
  storeTest: typeof test,
  { Queue, Worker, QueueEvents, QueueEventsProducer, FlowProducer }: BackendClasses<B, C>,
  connect: () => Promise<C>,
) {
  type WorkerOpts = Partial<ConstructorParameters<typeof Worker>[2]>
  type Work = (job: InstanceType<typeof Queue>['Job']['prototype'], token?: string) => Promise<unknown>

  async function open() {
    const connection = await connect()
    const closeAfterTest = <T extends { close(): Promise<void> }>(it: T): T => {
      afterTest(() => it.close())
      return it
    }
    const queueOf = (name: string) => closeAfterTest(new Queue(name, { connection }))
    const queue = queueOf('jobs')
    await queue.waitUntilReady()
    return {
      queue,
      queueOf,
      flows: closeAfterTest(new FlowProducer({ connection })),
      /** A worker, ready when this resolves. */
      async startWorker(run: Work | null, opts: WorkerOpts = {}, name = 'jobs') {
        const worker = closeAfterTest(new Worker(name, run, { connection, ...opts }))
        worker.on('error', () => {})
        await worker.waitUntilReady()
        return worker
      },
      /** The queue's events from now on, as lines. */
      async listen(opts: { lastEventId?: string } = {}) {
        const events = closeAfterTest(new QueueEvents('jobs', { connection, ...opts }))
        const lines: string[] = []
        for (const name of eventNames) events.on(name, (args: unknown) => lines.push(line(name, args)))
        const producer = closeAfterTest(new QueueEventsProducer('jobs', { connection }))
        await untilHeard(events, producer)
        return { events, lines, producer }
      },
    }
  }

  const eventNames = [
    ...(['added', 'waiting', 'active', 'progress', 'completed', 'failed', 'delayed', 'drained', 'duplicated'] as const),
    ...(['deduplicated', 'waiting-children', 'removed', 'stalled', 'retries-exhausted', 'paused', 'resumed'] as const),
    'cleaned' as const,
  ]
  const line = (event: string, args: unknown): string => {
    if (typeof args !== 'object' || args === null) return event
    const { jobId, ...rest } = Object.fromEntries(Object.entries(args))
    const values = Object.entries(rest).map(
      ([name, value]) => `${name}=${name === 'delay' ? '…' : JSON.stringify(value)}`,
    )
    return [event, jobId, ...values].filter(word => word !== undefined).join(' ')
  }

  storeTest(`${store}: delays may have a fraction of a millisecond`, async () => {
    const { queue, startWorker } = await open()
    const late = await queue.add('late', {}, { delay: 60_000.25, timestamp: Date.now() + 0.5 })
    await late.changeDelay(20.5)
    await queue.add('again', {}, { attempts: 2, backoff: { type: 'fixed', delay: 10.5 } })
    const putOff = await queue.add('put off', {})
    const names: string[] = []
    await startWorker(async (job, token) => {
      names.push(job.name)
      if (job.name === 'again' && job.attemptsMade === 0) throw new Error('once')
      if (job.name !== 'put off' || names.filter(name => name === job.name).length > 1) return
      await job.moveToDelayed(Date.now() + 15.75, token)
      throw new DelayedError()
    })
    await until(async () => (await queue.getJobCounts('completed')).completed === 3)
    expect(names.sort()).toEqual(['again', 'again', 'late', 'put off', 'put off'])
    expect((await queue.getJob(putOff.id!))!.attemptsMade).toBe(1)
  })

  storeTest(`${store}: a delay with a fraction is shown in whole milliseconds`, async () => {
    const { queue, listen } = await open()
    const { events } = await listen()
    const dueAt: number[] = []
    events.on('delayed', ({ delay }) => dueAt.push(delay))
    await queue.add('late', {}, { jobId: 'late', delay: 60_000.75, timestamp: 1e12 + 0.5 })
    const { delay, timestamp } = (await queue.getJob('late'))!
    expect([delay, timestamp]).toEqual([60_000, 1e12])
    await until(() => dueAt.length === 1)
    expect(dueAt[0]).toBeCloseTo(1e12 + 60_001.25)
  })

  storeTest(`${store}: jobs due decades or an age from now are kept in order and go like others`, async () => {
    const { queue } = await open()
    const year = 365 * 86_400_000
    const delays = [2 ** 52, 20 * year, 200 * year, 60_000, 12 * year]
    const add = () => Promise.all(delays.map(delay => queue.add('late', {}, { delay, jobId: `in ${delay}` })))
    const delayedIds = async () => (await queue.getDelayed()).map(job => job.id)
    const soonestFirst = delays.toSorted((a, b) => a - b).map(delay => `in ${delay}`)
    await add()
    expect(await delayedIds()).toEqual(soonestFirst)
    expect((await queue.getJob(`in ${2 ** 52}`))!.delay).toBe(2 ** 52)

    await queue.drain(true)
    expect(await queue.getDelayedCount()).toBe(0)
    await add()
    await sleep(5) // only jobs of an earlier millisecond are cleaned
    expect(await queue.clean(0, 0, 'delayed')).toEqual(soonestFirst)
    await add()
    await queue.promoteJobs()
    expect(await queue.getJobCounts('delayed', 'waiting')).toEqual({ delayed: 0, waiting: 5 })
    await queue.obliterate({ force: true })
    await queue.resume()
    await add()
    expect(await delayedIds()).toEqual(soonestFirst)
    await queue.obliterate({ force: true })
    expect(await queue.getDelayedCount()).toBe(0)
  })

  storeTest(`${store}: a job is added, worked on and completed, and every step is an event`, async () => {
    const { queue, startWorker, listen } = await open()
    const { lines } = await listen()
    const job = await queue.add('greet', { name: 'ann' })
    expect([job.id, await job.getState(), await queue.getJobCounts('waiting')]).toEqual([
      '1',
      'waiting',
      { waiting: 1 },
    ])
    await startWorker(async job => {
      await job.updateProgress({ half: true })
      return `hello ${job.data.name}`
    })
    await until(() => lines.includes('drained'))
    const doneJob = (await queue.getJob('1'))!
    expect(await doneJob.getState()).toBe('completed')
    expect(doneJob).toMatchObject({
      returnvalue: 'hello ann',
      attemptsMade: 1,
      attemptsStarted: 1,
      progress: { half: true },
    })
    expect(doneJob.finishedOn! >= doneJob.processedOn!).toBe(true)
    expect(lines).toEqual([
      'added 1 name="greet"',
      'waiting 1',
      'active 1 prev="waiting"',
      'progress 1 data={"half":true}',
      'completed 1 returnvalue="hello ann" prev="active"',
      'drained',
    ])
  })

  storeTest(
    `${store}: a failing job is tried again after its backoff, and fails when its attempts are used up`,
    async () => {
      const { queue, startWorker, listen } = await open()
      const { lines } = await listen()
      await queue.add('bad', {}, { attempts: 3, backoff: { type: 'exponential', delay: 20 } })
      await startWorker(async job => {
        throw new Error(`no ${job.attemptsMade}`)
      })
      await until(() => lines.includes('drained'))
      const job = (await queue.getJob('1'))!
      expect(job).toMatchObject({ failedReason: 'no 2', attemptsMade: 3, attemptsStarted: 3 })
      expect(job.stacktrace).toHaveLength(3)
      expect(lines).toEqual([
        'added 1 name="bad"',
        'waiting 1',
        'active 1 prev="waiting"',
        'delayed 1 delay=…',
        'waiting 1 prev="delayed"',
        'active 1 prev="waiting"',
        'delayed 1 delay=…',
        'waiting 1 prev="delayed"',
        'active 1 prev="waiting"',
        'failed 1 failedReason="no 2" prev="active"',
        'retries-exhausted 1 attemptsMade="3"',
        'drained',
      ])
    },
  )

  storeTest(`${store}: a job without backoff is tried again at once, and an unrecoverable error ends it`, async () => {
    const { queue, startWorker, listen } = await open()
    const { lines } = await listen()
    await queue.add('bad', {}, { attempts: 5 })
    await startWorker(async job => {
      throw job.attemptsMade === 0 ? new Error('again') : new UnrecoverableError('never')
    })
    await until(() => lines.includes('drained'))
    expect(lines.slice(2)).toEqual([
      'active 1 prev="waiting"',
      'waiting 1 prev="active"',
      'active 1 prev="waiting"',
      'failed 1 failedReason="never" prev="active"',
      'drained',
    ])
  })

  storeTest(
    `${store}: jobs run first come first served, the last of a lifo first, and by priority after all others`,
    async () => {
      const { queue, startWorker } = await open()
      await queue.addBulk([
        { name: 'low', data: {}, opts: { priority: 10 } },
        { name: 'high', data: {}, opts: { priority: 1 } },
        { name: 'a', data: {} },
        { name: 'b', data: {} },
        { name: 'z', data: {}, opts: { lifo: true } },
        { name: 'y', data: {}, opts: { lifo: true } },
        { name: 'high2', data: {}, opts: { priority: 1 } },
      ])
      expect(await queue.getCountsPerPriority([0, 1, 10])).toEqual({ 0: 4, 1: 2, 10: 1 })
      expect((await queue.getWaiting()).map(job => job.name)).toEqual(['y', 'z', 'a', 'b'])
      expect((await queue.getPrioritized()).map(job => job.name)).toEqual(['high', 'high2', 'low'])
      const order: string[] = []
      await startWorker(async job => void order.push(job.name))
      await until(() => order.length === 7)
      expect(order).toEqual(['y', 'z', 'a', 'b', 'high', 'high2', 'low'])
    },
  )

  storeTest(`${store}: a priority can be changed while the job waits`, async () => {
    const { queue, startWorker } = await open()
    const [a, b, c] = await queue.addBulk(['a', 'b', 'c'].map(name => ({ name, data: {}, opts: { priority: 5 } })))
    await c!.changePriority({ priority: 5, lifo: true })
    await a!.changePriority({ priority: 9 })
    await b!.changePriority({ priority: 0 })
    expect(await queue.getJobCounts('wait', 'prioritized')).toEqual({ wait: 1, prioritized: 2 })
    const order: string[] = []
    await startWorker(async job => void order.push(job.name))
    await until(() => order.length === 3)
    expect(order).toEqual(['b', 'c', 'a'])
  })

  storeTest(`${store}: delayed jobs wait for their time, unless promoted or put off`, async () => {
    const { queue, startWorker, listen } = await open()
    const { lines } = await listen()
    const order: string[] = []
    const timestamp = Date.now()
    const late = await queue.add('late', {}, { timestamp, delay: 3_600_000 })
    await queue.add('second', {}, { timestamp, delay: 150 })
    await queue.add('first', {}, { timestamp, delay: 60 })
    const never = await queue.add('never', {}, { timestamp, delay: 100 })
    await never.changeDelay(3_600_000)
    await startWorker(async job => void order.push(job.name))
    expect(await late.getState()).toBe('delayed')
    await until(() => order.length === 2)
    await late.promote()
    await until(() => order.length === 3)
    expect(order).toEqual(['first', 'second', 'late'])
    expect(await queue.getDelayedCount()).toBe(1)
    const waiting = () => lines.filter(line => line.startsWith('waiting'))
    await until(() => waiting().length === 3)
    expect(waiting()).toEqual(['waiting 3 prev="delayed"', 'waiting 2 prev="delayed"', 'waiting 1 prev="delayed"'])
    expect(await outcome(late.promote())).toThrow('Job 1 is not in the delayed state. promote')
    expect(await outcome(late.changeDelay(5))).toThrow('Job 1 is not in the delayed state. changeDelay')
  })

  storeTest(`${store}: the same custom id is one job, and a repeat is an event`, async () => {
    const { queue, listen } = await open()
    const { lines } = await listen()
    await queue.add('once', { n: 1 }, { jobId: 'mine' })
    const again = await queue.add('once', { n: 2 }, { jobId: 'mine' })
    expect(again.id).toBe('mine')
    expect((await queue.getJob('mine'))!.data).toEqual({ n: 1 })
    expect((await queue.add('next', {})).id).toBe('3')
    await until(() => lines.includes('waiting 3'))
    expect(lines[2]).toBe('duplicated mine')
  })

  storeTest(`${store}: a deduplication id admits one job until it is done`, async () => {
    const { queue, startWorker, listen } = await open()
    const { lines } = await listen()
    const deduplication = { id: 'one' }
    const first = await queue.add('a', { n: 1 }, { deduplication })
    const second = await queue.add('a', { n: 2 }, { deduplication })
    expect([first.id, second.id, await queue.getDeduplicationJobId('one')]).toEqual(['1', '1', '1'])
    await startWorker(async () => {})
    await until(() => lines.includes('drained'))
    expect(lines[2]).toBe('deduplicated 1 deduplicationId="one" deduplicatedJobId="2"')
    expect(await queue.getDeduplicationJobId('one')).toBeNull()
    expect((await queue.add('a', {}, { deduplication })).id).toBe('3')
  })

  storeTest(`${store}: a deduplication id with a time to live admits the next job after it`, async () => {
    const { queue } = await open()
    const add = (ttl: number, extend = false) => queue.add('a', {}, { deduplication: { id: 'one', ttl, extend } })
    expect((await add(3_600_000)).id).toBe('1')
    expect((await add(3_600_000, true)).id).toBe('1')
    expect(await queue.removeDeduplicationKey('one')).toBe(1)
    expect((await add(100)).id).toBe('3')
    await until(async () => (await queue.getDeduplicationJobId('one')) === null)
    expect((await add(100)).id).toBe('4')
  })

  storeTest(`${store}: a deduplicated job can replace a delayed one, or delay it again`, async () => {
    const { queue, listen } = await open()
    const { lines } = await listen()
    const replace = { id: 'one', ttl: 5000, replace: true }
    await queue.add('a', { n: 1 }, { deduplication: replace, delay: 5000 })
    await queue.add('a', { n: 2 }, { deduplication: replace, delay: 5000 })
    expect((await queue.getDelayed()).map(job => [job.id, job.data.n])).toEqual([['2', 2]])
    const reschedule = { id: 'two', reschedule: true }
    await queue.add('b', { n: 1 }, { deduplication: reschedule, delay: 1000 })
    await queue.add('b', { n: 2 }, { deduplication: reschedule, delay: 9000 })
    const delayedJob = (await queue.getJob('3'))!
    expect([delayedJob.data.n, delayedJob.delay]).toEqual([1, 9000])
    await until(() => lines.length >= 10)
    expect(lines).toEqual([
      'added 1 name="a"',
      'delayed 1 delay=…',
      'removed 1 prev="delayed"',
      'deduplicated 2 deduplicationId="one" deduplicatedJobId="1"',
      'added 2 name="a"',
      'delayed 2 delay=…',
      'added 3 name="b"',
      'delayed 3 delay=…',
      'deduplicated 3 deduplicationId="two" deduplicatedJobId="4"',
      'delayed 3 delay=…',
    ])
  })

  storeTest(`${store}: the last job that came while one of its kind was active runs after it`, async () => {
    const { queue, startWorker } = await open()
    const started = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const ran: number[] = []
    await startWorker(async job => {
      ran.push(job.data.n)
      started.resolve()
      await release.promise
    })
    const add = (n: number) => queue.add('a', { n }, { deduplication: { id: 'one', keepLastIfActive: true } })
    await add(1)
    await started.promise
    expect([(await add(2)).id, (await add(3)).id]).toEqual(['1', '1'])
    release.resolve()
    await until(() => ran.length === 2)
    expect(ran).toEqual([1, 3])
    await until(async () => (await queue.getCompletedCount()) === 2)
    expect(await queue.getDeduplicationJobId('one')).toBeNull()
  })

  storeTest(`${store}: a parent runs when its children are done, with their results`, async () => {
    const { queue, queueOf, flows, startWorker, listen } = await open()
    const parts = queueOf('parts')
    const { lines } = await listen()
    const tree = await flows.add({
      name: 'sum',
      queueName: 'jobs',
      opts: { jobId: 'sum' },
      children: [
        { name: 'part', queueName: 'parts', data: 2, opts: { jobId: 'two' } },
        { name: 'part', queueName: 'parts', data: 3, opts: { jobId: 'three' } },
      ],
    })
    expect(await tree.job.getState()).toBe('waiting-children')
    expect(await tree.job.getDependenciesCount()).toEqual({ processed: 0, unprocessed: 2, ignored: 0, failed: 0 })
    expect(await parts.getJobCounts('waiting')).toEqual({ waiting: 2 })
    await startWorker(async job => job.data * 10, {}, 'parts')
    await startWorker(async job => {
      const values = await job.getChildrenValues<number>()
      return Object.values(values).reduce((sum, value) => sum + value)
    })
    await until(() => lines.includes('drained'))
    expect((await queue.getJob('sum'))!.returnvalue).toBe(50)
    expect(await tree.job.getChildrenValues()).toEqual({ 'bull:parts:two': 20, 'bull:parts:three': 30 })
    expect(lines).toEqual([
      'added sum name="sum"',
      'waiting-children sum',
      'waiting sum prev="waiting-children"',
      'active sum prev="waiting"',
      'completed sum returnvalue=50 prev="active"',
      'drained',
    ])
    const readTree = await flows.getFlow({ id: 'sum', queueName: 'jobs' })
    expect(readTree.children!.map(({ job }) => job.id).sort()).toEqual(['three', 'two'])
  })

  storeTest(`${store}: what a failed child does to its parent is the child's option`, async () => {
    const { queue, flows, startWorker } = await open()
    const flowOf = (name: string, opts: object) =>
      flows.add({
        name: 'parent',
        queueName: 'jobs',
        opts: { jobId: `to-${name}` },
        children: [{ name: 'child', queueName: 'parts', opts: { jobId: `child-${name}`, ...opts } }],
      })
    await flowOf('fail', { failParentOnFailure: true })
    await flowOf('continue', { continueParentOnFailure: true })
    await flowOf('ignore', { ignoreDependencyOnFailure: true })
    await flowOf('forget', { removeDependencyOnFailure: true })
    await flowOf('wait', {})
    await startWorker(async () => Promise.reject(new Error('broken')), {}, 'parts')
    await startWorker(async () => 'ran')
    await until(async () => (await queue.getCompletedCount()) === 3 && (await queue.getFailedCount()) === 1)
    expect((await queue.getJob('to-fail'))!.failedReason).toBe('child bull:parts:child-fail failed')
    expect(await queue.getJobState('to-wait')).toBe('waiting-children')
    const counts = ['fail', 'continue', 'ignore', 'forget', 'wait'].map(async id =>
      (await queue.getJob(`to-${id}`))!.getDependenciesCount(),
    )
    expect(await Promise.all(counts)).toEqual([
      { processed: 0, unprocessed: 0, ignored: 0, failed: 1 },
      { processed: 0, unprocessed: 0, ignored: 1, failed: 0 },
      { processed: 0, unprocessed: 0, ignored: 1, failed: 0 },
      { processed: 0, unprocessed: 0, ignored: 0, failed: 0 },
      { processed: 0, unprocessed: 1, ignored: 0, failed: 0 },
    ])
    const ignored = await (await queue.getJob('to-ignore'))!.getIgnoredChildrenFailures()
    expect(ignored).toEqual({ 'bull:parts:child-ignore': 'broken' })
  })

  storeTest(`${store}: children can be read by page, detached and removed with their parent`, async () => {
    const { queue, queueOf, flows } = await open()
    const parts = queueOf('parts')
    const children = Array.from({ length: 5 }, (_, n) => ({ name: 'c', queueName: 'parts', opts: { jobId: `c${n}` } }))
    const tree = await flows.add({ name: 'p', queueName: 'jobs', opts: { jobId: 'p' }, children })
    expect((await queue.getDependencies('p', 'pending', 0, -1)).total).toBe(5)
    expect((await queue.getDependencies('p', 'pending', 0, 2)).items).toHaveLength(3)
    expect(await (await parts.getJob('c0'))!.removeChildDependency()).toBe(true)
    expect((await tree.job.getDependencies()).unprocessed!.length).toBe(4)
    await parts.remove('c1')
    expect(await tree.job.getDependenciesCount({ unprocessed: true })).toEqual({ unprocessed: 3 })
    await tree.job.removeUnprocessedChildren()
    expect([await queue.getJobState('p'), await parts.getWaitingCount()]).toEqual(['waiting', 1])
    await tree.job.remove()
    expect([await queue.getJob('p'), await parts.getWaitingCount()]).toEqual([undefined, 1])
  })

  storeTest(`${store}: a job may delay itself, or wait for children it adds itself`, async () => {
    const { queue, startWorker, listen } = await open()
    const { lines } = await listen()
    await startWorker(async (job, token) => {
      if (job.name === 'child') return 'of age'
      if (job.data.step === undefined) {
        await job.updateData({ step: 1 })
        await job.moveToDelayed(Date.now() + 50, token)
        throw new DelayedError()
      }
      if (job.data.step === 1) {
        await queue.add('child', {}, { parent: { id: job.id!, queue: job.queueQualifiedName } })
        await job.updateData({ step: 2 })
        if (await job.moveToWaitingChildren(token!)) throw new WaitingChildrenError()
      }
      return Object.values(await job.getChildrenValues())
    })
    await queue.add('parent', {})
    await until(() => lines.includes('completed 1 returnvalue=["of age"] prev="active"'))
    const job = (await queue.getJob('1'))!
    expect([job.attemptsMade, job.attemptsStarted]).toEqual([1, 3])
  })

  storeTest(`${store}: a scheduler makes one job after the other, can be changed and removed`, async () => {
    const { queue, startWorker } = await open()
    const runs: number[] = []
    const worker = await startWorker(async job => void runs.push(job.opts.prevMillis ?? 0))
    await queue.upsertJobScheduler('tick', { every: 100 }, { name: 'tock', data: { x: 1 }, opts: { attempts: 2 } })
    await until(() => runs.length >= 3)
    await worker.pause()
    const [scheduler] = await queue.getJobSchedulers()
    expect(scheduler).toMatchObject({
      key: 'tick',
      name: 'tock',
      every: 100,
      template: { data: { x: 1 }, opts: { attempts: 2 } },
    })
    expect(scheduler!.iterationCount! >= 3).toBe(true)
    const next = `repeat:tick:${(await queue.getJobScheduler('tick'))!.next}`
    expect(await outcome(queue.remove(next))).toThrow(
      `Job ${next} belongs to a job scheduler and cannot be removed directly. removeJob`,
    )
    await queue.upsertJobScheduler('tick', { pattern: '0 0 1 1 *' })
    expect(await queue.getJobSchedulersCount()).toBe(1)
    expect(await queue.getDelayedCount()).toBe(1)
    expect(await queue.removeJobScheduler('tick')).toBe(true)
    expect(await queue.removeJobScheduler('tick')).toBe(false)
    expect(await queue.getJobCounts('delayed', 'waiting')).toEqual({ delayed: 0, waiting: 0 })
  })

  storeTest(`${store}: a paused queue accepts jobs and hands out none`, async () => {
    const { queue, startWorker, listen } = await open()
    const { lines } = await listen()
    let ran = 0
    await queue.pause()
    await startWorker(async () => void ran++)
    await queue.add('a', {})
    await queue.add('b', {}, { delay: 1 })
    await sleep(100) // nothing happens
    expect([ran, await queue.isPaused(), (await queue.getMeta()).paused]).toEqual([0, true, true])
    await queue.resume()
    await until(() => ran === 2 && lines.includes('resumed'))
    expect(lines.filter(line => line === 'paused' || line === 'resumed')).toEqual(['paused', 'resumed'])
  })

  storeTest(
    `${store}: draining removes waiting jobs, but neither delayed ones nor the next run of a scheduler`,
    async () => {
      const { queue } = await open()
      await queue.addBulk([
        { name: 'a', data: {} },
        { name: 'b', data: {}, opts: { priority: 3 } },
        { name: 'c', data: {}, opts: { delay: 9000 } },
      ])
      await queue.upsertJobScheduler('yearly', { pattern: '0 0 1 1 *' })
      const counts = () => queue.getJobCounts('waiting', 'prioritized', 'delayed')
      await queue.drain()
      expect(await counts()).toEqual({ waiting: 0, prioritized: 0, delayed: 2 })
      await queue.drain(true)
      expect(await counts()).toEqual({ waiting: 0, prioritized: 0, delayed: 1 })
    },
  )

  storeTest(`${store}: cleaning removes old jobs of a state up to a limit`, async () => {
    const { queue, startWorker, listen } = await open()
    const { lines } = await listen()
    await queue.addBulk(Array.from({ length: 6 }, (_, n) => ({ name: n % 2 ? 'odd' : 'even', data: {} })))
    const worker = await startWorker(async job => {
      if (job.name === 'odd') throw new Error('odd')
    })
    await until(() => lines.includes('drained'))
    await worker.close()
    expect(await queue.clean(60_000, 10, 'completed')).toEqual([])
    await sleep(2) // only jobs of an earlier millisecond are cleaned
    expect(await queue.clean(0, 2, 'completed')).toEqual(['1', '3'])
    expect(await queue.clean(0, 0, 'failed')).toEqual(['2', '4', '6'])
    await queue.add('waits', {})
    expect(await queue.clean(0, 0, 'wait')).toEqual(['7'])
    expect(await queue.getJobCounts()).toMatchObject({ completed: 1, failed: 0, waiting: 0 })
    await until(() => lines.filter(line => line.startsWith('cleaned')).length === 4)
    expect(lines.filter(line => line.startsWith('cleaned')).slice(1)).toEqual([
      'cleaned count="2"',
      'cleaned count="3"',
      'cleaned count="1"',
    ])
  })

  storeTest(
    `${store}: cleaning removes the oldest and returns their ids, of waiting jobs the last in line first`,
    async () => {
      const { queue } = await open()
      const add = async (opts: (n: number) => object) => {
        for (let n = 0; n < 5; n++) await queue.add('old', {}, { jobId: `j${n}`, ...opts(n) })
        await sleep(5) // only jobs of an earlier millisecond are cleaned
      }
      await add(() => ({}))
      expect(await queue.clean(0, 2)).toEqual([])
      expect(await queue.clean(0, 2, 'wait')).toEqual(['j1', 'j0'])
      expect(await queue.clean(0, 0, 'wait')).toEqual(['j4', 'j3', 'j2'])
      await add(n => ({ priority: 9 - n }))
      expect(await queue.clean(0, 2, 'prioritized')).toEqual(['j4', 'j3'])
      expect(await queue.clean(0, 0, 'prioritized')).toEqual(['j2', 'j1', 'j0'])
      await add(n => ({ delay: 60_000 - 1000 * n }))
      expect(await queue.clean(0, 0, 'delayed')).toEqual(['j4', 'j3', 'j2', 'j1', 'j0'])
    },
  )

  storeTest(`${store}: a job without a parent has none to leave`, async () => {
    const { queue } = await open()
    const job = await queue.add('alone', {})
    expect(await outcome(job.removeChildDependency())).toThrow(
      'Missing key for parent job undefined. removeChildDependency',
    )
  })

  storeTest(`${store}: obliterating leaves nothing, and respects active jobs unless forced`, async () => {
    const { queue, startWorker } = await open()
    const worker = await startWorker(null)
    await queue.addBulk(Array.from({ length: 4 }, () => ({ name: 'a', data: {} })))
    await worker.getNextJob('token')
    expect(await outcome(queue.obliterate())).toThrow('Cannot obliterate queue with active jobs')
    await queue.obliterate({ force: true })
    expect(await queue.getJobCounts()).toMatchObject({ active: 0, waiting: 0 })
    expect(await queue.isPaused()).toBe(false)
    expect((await queue.add('anew', {})).id).toBe('1')
  })

  storeTest(`${store}: finished jobs are kept by number, by age or not at all`, async () => {
    const { queue, startWorker, listen } = await open()
    const { lines } = await listen()
    const bulk = (name: string, removeOnComplete: boolean | number) =>
      queue.addBulk(Array.from({ length: 3 }, () => ({ name, data: {}, opts: { removeOnComplete } })))
    await bulk('gone', true)
    await bulk('kept', false)
    await bulk('two', 2)
    await queue.add('failed', {}, { removeOnFail: true })
    await startWorker(async job => {
      await sleep(2) // Redis orders those of one millisecond by id
      if (job.name === 'failed') throw new Error('no')
    })
    await until(() => lines.includes('drained'))
    expect((await queue.getCompleted()).map(job => job.id)).toEqual(['9', '8'])
    expect(await queue.getFailedCount()).toBe(0)
  })

  storeTest(`${store}: a finished job can run again, with its attempts continued or reset`, async () => {
    const { queue, startWorker, listen } = await open()
    const { lines } = await listen()
    let broken = true
    await queue.add('a', {})
    await startWorker(async () => {
      if (broken) throw new Error('broken')
      return 'mended'
    })
    await until(() => lines.includes('drained'))
    broken = false
    const job = (await queue.getJob('1'))!
    await job.retry('failed', { resetAttemptsMade: true })
    await until(() => lines.filter(line => line === 'drained').length === 2)
    const after = (await queue.getJob('1'))!
    expect(after).toMatchObject({ returnvalue: 'mended', attemptsMade: 1, attemptsStarted: 2 })
    expect(after.failedReason).toBeUndefined()
    expect(lines).toContain('waiting 1 prev="failed"')
    expect(await outcome(job.retry('failed'))).toThrow('Job 1 is not in the failed state. reprocessJob')
    await queue.retryJobs({ state: 'completed' })
    await until(async () => (await queue.getJob('1'))!.attemptsStarted === 3)
  })

  storeTest(`${store}: only the holder of its lock may move an active job`, async () => {
    const { queue, startWorker } = await open()
    const worker = await startWorker(null)
    await queue.add('a', {})
    const job = (await worker.getNextJob('mine'))!
    expect(await outcome(job.moveToCompleted('x', 'theirs'))).toThrow(
      expect.objectContaining({
        message: 'Lock mismatch for job 1. Cmd moveToFinished from active',
        code: -6,
      }),
    )
    expect(await outcome(job.moveToFailed(new Error('x'), 'theirs'))).toThrow(expect.objectContaining({ code: -6 }))
    expect([await job.extendLock('theirs', 60_000), await job.extendLock('mine', 60_000)]).toEqual([0, 1])
    expect(await outcome(job.remove())).toThrow('Job 1 could not be removed because it is locked by another worker')
    await job.moveToCompleted('x', 'mine', false)
    expect(await outcome(job.moveToCompleted('x', 'mine'))).toThrow(
      expect.objectContaining({
        message: 'Missing lock for job 1. moveToFinished',
        code: -2,
      }),
    )
    await job.remove()
    expect(await outcome(job.moveToCompleted('x', 'mine'))).toThrow(
      expect.objectContaining({
        message: 'Missing key for job 1. moveToFinished',
        code: -1,
      }),
    )
    expect(await outcome(job.updateProgress(1))).toThrow(
      expect.objectContaining({
        message: 'Missing key for job 1. updateProgress',
        code: -1,
      }),
    )
    expect(await outcome(job.updateData({}))).toThrow(
      expect.objectContaining({ message: 'Missing key for job 1. updateData', code: -1 }),
    )
    expect(await outcome(job.log('x'))).toThrow(
      expect.objectContaining({ message: 'Missing key for job 1. addLog', code: -1 }),
    )
    expect([await job.getState(), await job.isCompleted()]).toEqual(['unknown', false])
  })

  storeTest(`${store}: a parent with pending or failed children cannot be completed`, async () => {
    const { queue, startWorker } = await open()
    const worker = await startWorker(null)
    await queue.add('parent', {}, { jobId: 'p' })
    const parent = (await worker.getNextJob('t'))!
    const opts = { parent: { id: 'p', queue: queue.qualifiedName }, failParentOnFailure: true }
    await queue.add('child', {}, opts)
    expect(await outcome(parent.moveToCompleted(1, 't'))).toThrow(expect.objectContaining({ code: -4 }))
    const child = (await worker.getNextJob('c'))!
    await child.moveToFailed(new Error('x'), 'c')
    expect(await outcome(parent.moveToCompleted(1, 't'))).toThrow(expect.objectContaining({ code: -9 }))
    expect(await outcome(queue.add('orphan', {}, { parent: { id: 'none', queue: queue.qualifiedName } }))).toThrow(
      expect.objectContaining({
        message: 'Missing key for parent job bull:jobs:none. addJob',
        code: -5,
      }),
    )
  })

  storeTest(
    `${store}: a job whose worker is gone is noticed, tried again, and fails when that happens too often`,
    async () => {
      const { queue, startWorker, listen } = await open()
      const { lines } = await listen()
      const opts = { lockDuration: 50, stalledInterval: 60, maxStalledCount: 1 }
      await queue.add('a', {})
      const firstWorker = await startWorker(null, opts)
      await firstWorker.getNextJob('gone')
      const secondWorker = await startWorker(null, opts)
      await secondWorker.startStalledCheckTimer()
      await until(() => lines.includes('stalled 1'))
      expect((await queue.getJob('1'))!.stalledCounter).toBe(1)
      await secondWorker.getNextJob('gone too')
      await until(() => lines.filter(line => line === 'stalled 1').length >= 2)
      await startWorker(async () => 'never', opts)
      await until(() => lines.some(line => line.startsWith('failed')))
      expect((await queue.getJob('1'))!.failedReason).toBe('job stalled more than allowable limit')
      const seenLines = lines.filter(line => /^(waiting|stalled|failed)/.test(line))
      const stallLines = ['waiting 1 prev="active"', 'stalled 1'] // on a slow machine it stalls once more before it is given up
      const stalls = seenLines.filter(line => line === 'stalled 1').length
      const failedLines = seenLines.filter(line => line.startsWith('failed'))
      expect(seenLines).toEqual(['waiting 1', ...Array(stalls).fill(stallLines).flat(), ...failedLines])
    },
  )

  storeTest(`${store}: a limited queue starts no more jobs than it may`, async () => {
    const { queue, startWorker } = await open()
    const starts: number[] = []
    await startWorker(async job => void starts.push(job.processedOn!), {
      limiter: { max: 2, duration: 300 },
      concurrency: 5,
    })
    await queue.addBulk(Array.from({ length: 5 }, () => ({ name: 'a', data: {} })))
    await until(() => starts.length === 5)
    expect(starts[2]! - starts[0]! >= 290).toBe(true)
    expect(starts[4]! - starts[2]! >= 290).toBe(true)
    await queue.rateLimit(3_600_000)
    expect(await queue.getRateLimitTtl()).toBeGreaterThan(3_000_000)
    expect(await queue.removeRateLimitKey()).toBe(1)
    expect(await queue.getRateLimitTtl()).toBe(-2)
  })

  storeTest(`${store}: a queue's concurrency holds for all its workers together`, async () => {
    const { queue, startWorker } = await open()
    await queue.setGlobalConcurrency(2)
    let [running, maxRunning, ran] = [0, 0, 0]
    const twoAtOnce = Promise.withResolvers<void>()
    const run = async () => {
      maxRunning = Math.max(maxRunning, ++running)
      if (running === 2) twoAtOnce.resolve()
      await twoAtOnce.promise
      await sleep(20) // a chance for a third one, which must not start
      running--
      ran++
    }
    await startWorker(run, { concurrency: 3 })
    await startWorker(run, { concurrency: 3 })
    await queue.addBulk(Array.from({ length: 8 }, () => ({ name: 'a', data: {} })))
    await until(() => ran === 8)
    expect([maxRunning, await queue.getGlobalConcurrency()]).toEqual([2, 2])
    await queue.removeGlobalConcurrency()
    expect(await queue.getGlobalConcurrency()).toBeNull()
  })

  // As a program in JavaScript sends them that spreads settings, or logs whatever it caught.
  storeTest(
    `${store}: options that are null are as if they were not given, and data and logs may be anything`,
    async () => {
      const { queue } = await open()
      const nothing = JSON.parse('{"priority":null,"delay":null,"lifo":null,"deduplication":null}')
      const [job] = await queue.addBulk([{ name: 'a', data: () => 1, opts: nothing }])
      await queue.upsertJobScheduler('s', { every: 3_600_000 }, { name: 'b', opts: { priority: nothing.priority } })
      expect(await queue.getJobCounts('wait', 'prioritized', 'delayed')).toEqual({
        wait: 2,
        prioritized: 0,
        delayed: 0,
      })
      expect(await queue.getJob(job!.id!)).toMatchObject({ data: {}, priority: 0 })
      for (const line of [undefined, null, Number.NaN, 5] as unknown[]) await job!.log(line as string)
      expect((await queue.getJobLogs(job!.id!)).logs).toEqual(['', '', 'NaN', '5'])
    },
  )

  storeTest(`${store}: logs are kept in order, by page and up to a number`, async () => {
    const { queue } = await open()
    const job = await queue.add('a', {})
    for (const n of [1, 2, 3, 4, 5]) await job.log(`line ${n}`)
    expect(await queue.getJobLogs('1', 1, 2)).toEqual({ logs: ['line 2', 'line 3'], count: 5 })
    expect(await queue.getJobLogs('1', 0, 1, false)).toEqual({ logs: ['line 5', 'line 4'], count: 5 })
    expect(await queue.getJobLogs('1', 4, 9)).toEqual({ logs: ['line 5'], count: 5 })
    expect(await queue.addJobLog('1', 'line 6', 2)).toBe(2)
    expect((await queue.getJobLogs('1')).logs).toEqual(['line 5', 'line 6'])
    await job.clearLogs(1)
    expect((await queue.getJobLogs('1')).logs).toEqual(['line 6'])
    await job.clearLogs()
    expect(await queue.getJobLogs('1')).toEqual({ logs: [], count: 0 })
  })

  storeTest(`${store}: jobs are listed by state and page, from either end`, async () => {
    const { queue } = await open()
    await queue.addBulk(Array.from({ length: 6 }, (_, n) => ({ name: `w${n}`, data: {} })))
    await queue.addBulk(Array.from({ length: 3 }, (_, n) => ({ name: `d${n}`, data: {}, opts: { delay: 9000 + n } })))
    const names = async (...args: Parameters<typeof queue.getJobs>) =>
      (await queue.getJobs(...args)).map(job => job.name)
    expect(await names(['waiting'], 0, 2, true)).toEqual(['w0', 'w1', 'w2'])
    expect(await names(['waiting'], 0, 1, false)).toEqual(['w5', 'w4'])
    expect(await names(['waiting'], 4, 9, true)).toEqual(['w4', 'w5'])
    expect(await names(['delayed'], 0, -1, true)).toEqual(['d0', 'd1', 'd2'])
    expect(await names(['delayed', 'waiting'], 1, 1, true)).toEqual(['d1', 'w1'])
    expect(await names(['failed'])).toEqual([])
    expect(await queue.count()).toBe(9)
  })

  storeTest(`${store}: metrics count what workers finish`, async () => {
    const { queue, startWorker } = await open()
    await queue.addBulk(Array.from({ length: 3 }, (_, n) => ({ name: 'a', data: n })))
    const run = async (job: { data: number }) => (job.data === 1 ? Promise.reject(new Error('x')) : 1)
    await startWorker(run, { metrics: { maxDataPoints: 10 } })
    await until(async () => (await queue.getMetrics('failed')).meta.count === 1)
    await until(async () => (await queue.getMetrics('completed')).meta.count === 2)
  })

  storeTest(`${store}: workers and event readers are listed while they are connected`, async () => {
    const { queue, startWorker, listen } = await open()
    const first = await startWorker(async () => {}, { name: 'ann' })
    await startWorker(async () => {})
    await listen()
    await until(async () => (await queue.getWorkersCount()) === 2)
    await until(async () => (await queue.getQueueEvents()).length === 1)
    expect((await queue.getWorkers()).map(({ rawname }) => rawname).sort()).toEqual([
      'bull:am9icw==',
      'bull:am9icw==:w:ann',
    ])
    await first.close()
    await until(async () => (await queue.getWorkersCount()) === 1)
  })

  storeTest(`${store}: event readers can start where they left off, and add their own events`, async () => {
    const { queue, listen } = await open()
    const { events, lines, producer } = await listen()
    let secondEventId: string | undefined
    events.on('waiting', ({ jobId }, id) => {
      if (jobId === '2') secondEventId = id
    })
    await queue.add('a', {})
    await queue.add('b', {})
    await queue.add('c', {})
    const customEvent = Promise.withResolvers<unknown>()
    events.on<CustomEvents, 'mine'>('mine', customEvent.resolve)
    await producer.publishEvent({ eventName: 'mine', what: 'ever', n: 7 })
    expect(await customEvent.promise).toEqual({ what: 'ever', n: '7' })
    expect(secondEventId).toMatch(/^\d+-\d+$/)
    const { lines: laterLines } = await listen({ lastEventId: secondEventId })
    await until(() => laterLines.length === 2)
    expect(laterLines).toEqual(['added 3 name="c"', 'waiting 3'])
    expect(lines).toHaveLength(6)
  })

  storeTest(`${store}: after closing, calls are refused as on a lost connection`, async () => {
    const { queue } = await open()
    await queue.add('a', {})
    await queue.close()
    expect(await outcome(queue.add('b', {}))).toThrow('Connection is closed')
    expect(await outcome(queue.getJobCounts())).toThrow('Connection is closed')
    await queue.close()
  })
}
