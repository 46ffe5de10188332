/**
 * Heavy pure work that another machine may do. Input, progress and result travel over Redis, so a process with `ROLE=compute`
 * needs no data folder. Where no such process is free this process does the work itself, so nothing depends on one.
 */
import { hostname } from 'node:os'
import type { Job, Queue, Worker } from 'bullmq'
import type { Log } from '../process/log.ts'
import { withTimeout } from '../process/with-timeout.ts'
import type { Connect } from '../redis.ts'

type ComputeContext<Update> = { signal: AbortSignal; progress(update: Update): void }

export type ComputeTask<Input, Result, Update> = {
  readonly name: string
  /** Input, updates and result are JSON. When aborted, it may return the best it has. It must be safe to run twice, as its machine may die. */
  run(input: Input, work: ComputeContext<Update>): Promise<Result>
}

/** A task of any types, as tables hold them. */
export type AnyTask = ComputeTask<never, unknown, never>

type Settings = { connect: Connect; namespace: string; version: string }
type TaskData = { task: string; input: unknown }

const checkEvery = 200 // ms
const timeoutMs = 2_000 // to wait for an answer of Redis, and for a machine to begin; after that this process does the work
const keepSeconds = 24 * 3_600 // nobody asks for a result of yesterday

/** Versions do not share a queue, because they may understand the same work differently. */
const queueName = (version: string) => `compute-${version.replaceAll(':', '-')}`
export const isComputeQueue = (queue: string): boolean => queue.startsWith(queueName(''))
const cancelKey = (namespace: string, id: string) => `${namespace}:compute:cancel:${id}`

/** A process of `ROLE=compute`. */
export type Machine = { name: string; host: string; doing: { task: string; since: number }[] }

export type Compute = {
  /** The machines that take work from this queue now. */
  machines(): Promise<Machine[]>
  run<Input, Result, Update>(
    task: ComputeTask<Input, Result, Update>,
    input: Input,
    work: ComputeContext<Update>,
  ): Promise<Result>
  close(): Promise<void>
}

/** `localLimit`: how many tasks this process does at once. */
export async function openCompute(settings: Settings | undefined, localLimit: number): Promise<Compute> {
  let free = localLimit
  const queue = settings && (await openQueue(settings))

  async function runHere<Input, Result, Update>(
    task: ComputeTask<Input, Result, Update>,
    input: Input,
    work: ComputeContext<Update>,
  ) {
    for (; free <= 0; await Bun.sleep(checkEvery)) work.signal.throwIfAborted()
    free--
    try {
      return await task.run(input, work)
    } finally {
      free++
    }
  }

  async function runRemotely<Result, Update>(
    remote: Remote,
    { signal, progress }: ComputeContext<Update>,
  ): Promise<Result | WorkLocally> {
    const askedAt = performance.now()
    let last: string | undefined
    for (let cancelled = false; ; await Bun.sleep(checkEvery)) {
      if (signal.aborted && !cancelled) {
        if (await remote.withdraw()) signal.throwIfAborted()
        cancelled = true
        await remote.cancel()
      }
      const task = await remote.poll()
      if (task.state === 'completed') return task.result as Result
      if (task.state === 'failed') throw new Error(task.reason)
      const isLate = performance.now() - askedAt > timeoutMs // all machines are busy
      if (task.state === 'waiting' && isLate && free > 0 && (await remote.withdraw())) return workLocally
      if (task.state === 'lost') return workLocally
      if (task.update !== undefined && task.update !== last) progress(JSON.parse((last = task.update)))
    }
  }

  async function run<Input, Result, Update>(
    task: ComputeTask<Input, Result, Update>,
    input: Input,
    work: ComputeContext<Update>,
  ): Promise<Result> {
    if (queue && (await queue.workers().catch(() => 0)) > 0) {
      try {
        const answer = await runRemotely<Result, Update>(await queue.add({ task: task.name, input }), work)
        if (answer !== workLocally) return answer
      } catch (error) {
        if (!(error instanceof RedisFailed)) throw error
        work.signal.throwIfAborted()
      }
    }
    return runHere(task, input, work)
  }

  return { run, machines: async () => (await queue?.machines()) ?? [], close: async () => void (await queue?.close()) }
}

const workLocally: unique symbol = Symbol('work locally')
type WorkLocally = typeof workLocally

/** Redis is gone or does not answer. */
class RedisFailed extends Error {}

type ComputeTaskState =
  | { state: 'completed'; result: unknown }
  | { state: 'failed'; reason: string }
  | { state: 'waiting' | 'active' | 'lost'; update?: string }

type Remote = {
  poll(): Promise<ComputeTaskState>
  cancel(): Promise<void>
  /** False if a machine has already started it. */
  withdraw(): Promise<boolean>
}

async function openQueue({ connect, namespace, version }: Settings) {
  const { Queue } = await import('bullmq')
  const client = connect()
  const queue: Queue<TaskData> = new Queue<TaskData>(queueName(version), { connection: connect(), prefix: namespace })
  queue.on('error', () => {}) // the connection logs its own errors
  const ask = <T>(work: Promise<T>) =>
    withTimeout(work, timeoutMs).catch(error => {
      throw new RedisFailed(String(error))
    })
  const workers = () => ask(queue.getWorkersCount())

  /** What each machine is doing, by its worker name. */
  async function machines(): Promise<Machine[]> {
    const [clients, active] = await ask(Promise.all([queue.getWorkers(), queue.getJobs(['active'], 0, 99)]))
    return clients.map(({ rawname = '' }): Machine => {
      const name = rawname.split(':w:')[1] ?? 'unnamed'
      const own = active.filter(({ processedBy }) => processedBy === name)
      return {
        name,
        host: name.replace(/-\d+$/, ''),
        doing: own.map(({ name, processedOn, timestamp }) => ({ task: name, since: processedOn ?? timestamp })),
      }
    })
  }

  /** A task that was handed over: this process asks how far it is, until it has its end. */
  function remoteOf(id: string): Remote {
    const ended = async (end: ComputeTaskState): Promise<ComputeTaskState> => {
      await queue.remove(id).catch(() => {})
      return end
    }
    return {
      async poll() {
        const now = await ask(queue.getJob(id))
        if (!now) return { state: 'lost' }
        if (now.finishedOn && now.failedReason) return ended({ state: 'failed', reason: now.failedReason })
        if (now.finishedOn) return ended({ state: 'completed', result: now.returnvalue })
        if (!now.processedOn) return { state: 'waiting' }
        const update = typeof now.progress === 'string' ? { update: now.progress } : {}
        // Its machine is gone, and there is no other to notice that.
        return (await workers()) > 0 ? { state: 'active', ...update } : { state: 'lost' }
      },
      cancel: async () => void (await ask(client.set(cancelKey(namespace, id), '1', 'EX', keepSeconds))),
      async withdraw() {
        const now = await ask(queue.getJob(id))
        if (!now || now.processedOn) return false
        return ask(now.remove()).then(
          () => true,
          () => false,
        )
      },
    }
  }

  return {
    workers,
    machines,
    async add(data: TaskData): Promise<Remote> {
      const retention = { age: keepSeconds }
      const options = { removeOnComplete: retention, removeOnFail: retention, attempts: 5 }
      const { id = '' } = await ask(queue.add(data.task, data, options))
      return remoteOf(id)
    },
    close: () => withTimeout(queue.close(), 1_000, () => {}),
  }
}

/** What a process with `ROLE=compute` does: takes work, `atOnce` tasks at a time, until it is stopped. */
export async function startComputeWorker(settings: Settings, tasks: readonly AnyTask[], atOnce: number, log: Log) {
  const { Worker } = await import('bullmq')
  const { connect, namespace, version } = settings
  const client = connect()
  const stopping = new AbortController()
  const table = new Map(tasks.map(task => [task.name, task]))

  async function handle(job: Job<TaskData>): Promise<unknown> {
    const task = table.get(job.data.task)
    if (!task) throw new Error(`There is no task ${job.data.task}`)
    log.info('A task begins', { task: task.name, work: job.id })
    const cancelled = new AbortController()
    const cancelTimer = setInterval(async () => {
      if (await client.exists(cancelKey(namespace, job.id ?? '')).catch(() => 0))
        cancelled.abort(new Error('Cancelled'))
    }, checkEvery)
    try {
      const signal = AbortSignal.any([cancelled.signal, stopping.signal])
      const progress = (update: never) => void job.updateProgress(JSON.stringify(update)).catch(() => {})
      const result = await task.run(job.data.input as never, { signal, progress })
      stopping.signal.throwIfAborted() // the result is incomplete: another machine does the task again
      return result
    } finally {
      clearInterval(cancelTimer)
      log.info('A task ends', { task: task.name, work: job.id })
    }
  }

  const worker: Worker<TaskData> = new Worker<TaskData>(queueName(version), handle, {
    connection: connect({ blocking: true }),
    prefix: namespace,
    name: `${hostname().replaceAll(/[^\w.-]/g, '-')}-${process.pid}`, // shown in the monitor
    concurrency: atOnce,
    lockDuration: 10_000,
    stalledInterval: 5_000,
    maxStalledCount: 5,
  })
  worker.on('error', () => {})
  await worker.waitUntilReady()
  return {
    isReady: () => client.status === 'ready' && worker.isRunning(),
    async stop() {
      stopping.abort(new Error('This machine is stopping'))
      await withTimeout(worker.close(), 3_000, () => {})
    },
  }
}
