/**
 * The one way to work in another thread, which has a table of tasks: they are called by name here and answer with a promise.
 * Inputs and answers are plain data; large columns are shared memory.
 */
import { readlinkSync } from 'node:fs'
import os from 'node:os'
import { parentPort, Worker } from 'node:worker_threads'
import { isRefusalCode, Refusal } from '../../errors.ts'
import { unlessAborted, withTimeout } from './with-timeout.ts'

/** What a task is given besides its input. */
export type ThreadWork = {
  /** By the caller's clock. */
  now: number
  /** Aborted when the caller wants no answer any more. */
  signal: AbortSignal
  /** Lets other tasks run, and throws if this one was cancelled. Call it every few milliseconds of work. */
  pause(): Promise<void>
  /** Calls the caller's `progress`. */
  progress(update: unknown): void
}

type ThreadTasks = { [name: string]: (input: never, work: never) => unknown }
type Input<Tasks extends ThreadTasks, Name extends keyof Tasks> = Parameters<Tasks[Name]>[0]
type Answer<Tasks extends ThreadTasks, Name extends keyof Tasks> = Awaited<ReturnType<Tasks[Name]>>

export type AskOptions = { signal?: AbortSignal; progress?(update: never): void }

export type Thread<Tasks extends ThreadTasks> = {
  /** Starts it before its first task, which then does not wait for that. */
  start(): void
  /** A cancelled task rejects once it has cleaned up after itself. */
  ask<Name extends keyof Tasks & string>(
    task: Name,
    input: Input<Tasks, Name>,
    options?: AskOptions,
  ): Promise<Answer<Tasks, Name>>
  /** Ends the thread. With `graceMs` it may first close what it has open. */
  stop(graceMs?: number): Promise<void>
}

/** The thread died during this task. A task that only reads may be called again. */
export class ThreadDied extends Error {}

/** An error of the thread, as far as it can be sent here: `kind` is the name of the error, `facts` its fields. */
export class ThreadError extends Error {
  readonly kind: string
  /** Of an error of SQLite or the system. */
  readonly code: unknown
  readonly facts: Record<string, unknown>
  constructor({ name, message, stack, facts }: Failure) {
    super(message)
    this.kind = name
    this.code = facts.code
    this.facts = facts
    this.stack = stack
  }
}

/** A refusal thrown in the thread is a refusal here too. */
function errorOf(failure: Failure): Error {
  const { code, extra } = failure.facts
  if (failure.name === 'Refusal' && isRefusalCode(code)) return new Refusal(code, failure.message, Object(extra))
  return new ThreadError(failure)
}

type Failure = { name: string; message: string; stack?: string; facts: Record<string, unknown> }
type ToThread = { id: number; task: string; input: unknown; now: number } | { cancel: number } | { stop: true }
type FromThread = { id: number } & ({ answer: unknown } | { failure: Failure } | { progress: unknown })
type Caller = { answered(answer: never): void; failed(error: Error): void; progress?(update: never): void }

type ThreadSettings = {
  /** For errors: `The sheets thread died`. */
  name: string
  /** The thread's own file, which calls `answerTasks`. */
  script: string
  /** The thread's `workerData`. */
  data?: unknown
  now?: () => number
  /** Keeps the process from exiting while the thread runs: only the caller waits for its result. */
  keepsProcess?: boolean
}

/** A thread that starts with its first task at the latest, and starts again should it die. */
export function openThread<Tasks extends ThreadTasks>(settings: ThreadSettings): Thread<Tasks> {
  const { name, script, data, now = Date.now, keepsProcess = false } = settings
  const callers = new Map<number, Caller>()
  let worker: Worker | undefined
  let lastId = 0
  let isStopped = false

  function startWorker(): Worker {
    const started = new Worker(script, { workerData: data })
    if (!keepsProcess) started.unref()
    started.on('message', (message: FromThread) => {
      const caller = callers.get(message.id)
      if ('progress' in message) return caller?.progress?.(message.progress as never)
      callers.delete(message.id)
      if ('failure' in message) caller?.failed(errorOf(message.failure))
      else caller?.answered(message.answer as never)
    })
    const onDeath = (why: string) => {
      if (worker !== started) return
      worker = undefined
      const unanswered = [...callers.values()]
      callers.clear()
      for (const { failed } of unanswered) failed(new ThreadDied(`The ${name} thread died: ${why}`))
    }
    started.on('error', error => onDeath(String(error)))
    started.on('exit', code => onDeath(`exit ${code}`))
    return started
  }

  const start = (): Worker | undefined => (isStopped ? undefined : (worker ??= startWorker()))

  return {
    start,
    ask(task, input, { signal, progress } = {}) {
      const id = ++lastId
      const cancel = () => worker?.postMessage({ cancel: id } satisfies ToThread)
      return new Promise<never>((answered, failed) => {
        signal?.throwIfAborted()
        const running = start()
        if (!running) throw new ThreadDied(`The ${name} thread is stopped`)
        signal?.addEventListener('abort', cancel, { once: true })
        callers.set(id, { answered, failed, progress })
        running.postMessage({ id, task, input, now: now() } satisfies ToThread)
      })
        .finally(() => signal?.removeEventListener('abort', cancel))
        .catch(error => {
          signal?.throwIfAborted()
          throw error
        })
    },
    async stop(graceMs = 0) {
      isStopped = true
      const stopping = worker
      if (!stopping) return
      const exited = new Promise(resolve => stopping.once('exit', resolve))
      stopping.postMessage({ stop: true } satisfies ToThread)
      if (graceMs > 0) await withTimeout(exited, graceMs, () => {})
      await stopping.terminate()
    },
  }
}

/** Runs one task in a thread of its own, which `signal` ends even in the middle of a computation. */
export async function inThread<Tasks extends ThreadTasks, Name extends keyof Tasks & string>(
  settings: Omit<ThreadSettings, 'keepsProcess'>,
  task: Name,
  input: Input<Tasks, Name>,
  { signal, progress }: { signal: AbortSignal; progress?(update: never): void },
): Promise<Answer<Tasks, Name>> {
  signal.throwIfAborted()
  const thread = openThread<Tasks>({ ...settings, keepsProcess: true })
  try {
    return await unlessAborted(thread.ask(task, input, { progress }), signal)
  } finally {
    await thread.stop()
  }
}

/** The thread's side: runs the tasks that are called, each with what `contextOf` makes of its `ThreadWork`. */
export function answerTasks<Work = ThreadWork>(
  tasks: { [name: string]: (input: never, work: Work) => unknown },
  contextOf: (work: ThreadWork) => Work,
  onStop?: () => void,
) {
  const running = new Map<number, AbortController>()
  let started = 0
  let startedBefore = 0

  async function runTask({ id, task, input, now }: Extract<ToThread, { task: string }>) {
    started++
    const stop = new AbortController()
    running.set(id, stop)
    const { signal } = stop
    const post = (message: FromThread) => parentPort?.postMessage(message)
    const pause = async () => {
      await new Promise(resolve => setImmediate(resolve))
      signal.throwIfAborted()
    }
    const progress = (update: unknown) => post({ id, progress: update })
    try {
      const run = tasks[task]
      if (!run) throw new Error(`No task is called ${task}`)
      post({ id, answer: await run(input as never, contextOf({ now, signal, pause, progress })) })
    } catch (error) {
      const { name, message, stack } = error instanceof Error ? error : new Error(String(error))
      post({ id, failure: { name, message, stack, facts: ownFields(error) } })
    } finally {
      running.delete(id)
    }
  }

  parentPort?.on('message', (message: ToThread) => {
    if ('task' in message) runTask(message)
    else if ('cancel' in message) running.get(message.cancel)?.abort()
    else {
      onStop?.()
      process.exit(0)
    }
  })

  return {
    /** Whether any task ran since the last call. */
    wasBusy() {
      const isBusy = running.size > 0 || started !== startedBefore
      startedBefore = started
      return isBusy
    },
  }
}

/** The error's own fields, as far as they can be sent between threads; none if one of them leads back to itself. */
function ownFields(error: unknown): Record<string, unknown> {
  try {
    return JSON.parse(JSON.stringify({ ...Object(error) }))
  } catch {
    return {} // or the caller would never get an answer
  }
}

/**
 * Lowers the priority of this thread, so that with more threads than processors the HTTP thread runs first.
 * Only on Linux, where threads have priorities of their own.
 */
export function lowerThreadPriority(): void {
  if (process.platform !== 'linux') return
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1))
    os.setPriority(thread, 5)
  } catch {} // without /proc the priority stays as it is
}
