/**
 * The one way to work in another thread: a table of tasks there, asked here by name and answered by promise. Inputs and
 * answers are plain data; large columns are shared memory.
 */
import { parentPort, Worker } from 'node:worker_threads'
import { isRefusalCode, Refusal } from '../../errors.ts'
import { unlessAborted, withTimeout } from './with-timeout.ts'

/** What a task is handed in its thread beside its input. */
export type ThreadWork = {
  /** By the clock of who asked. */
  now: number
  /** Aborted when who asked wants no answer any more. */
  signal: AbortSignal
  /** Lets other tasks in and throws when this one was cancelled; called every few milliseconds of work. */
  pause(): Promise<void>
  /** Reaches the `progress` of who asked. */
  progress(news: unknown): void
}

type ThreadTasks = { [name: string]: (input: never, work: never) => unknown }
type Input<Tasks extends ThreadTasks, Name extends keyof Tasks> = Parameters<Tasks[Name]>[0]
type Answer<Tasks extends ThreadTasks, Name extends keyof Tasks> = Awaited<ReturnType<Tasks[Name]>>

export type Asking = { signal?: AbortSignal; progress?(news: never): void }

export type Thread<Tasks extends ThreadTasks> = {
  /** A cancelled task rejects once it has cleaned up behind itself. */
  ask<Name extends keyof Tasks & string>(
    task: Name,
    input: Input<Tasks, Name>,
    asking?: Asking,
  ): Promise<Answer<Tasks, Name>>
  /** Ends the thread. With `graceMs` it may first put away what it has open. */
  stop(graceMs?: number): Promise<void>
}

/** The thread went down under this task. What only reads may be asked again. */
export class ThreadDied extends Error {}

/** Something thrown in the thread, as far as it can be told here: `kind` is the name of the error, `facts` its fields. */
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

/** A refusal stays one, wherever it was decided. */
function errorOf(failure: Failure): Error {
  const { code, extra } = failure.facts
  if (failure.name === 'Refusal' && isRefusalCode(code)) return new Refusal(code, failure.message, Object(extra))
  return new ThreadError(failure)
}

type Failure = { name: string; message: string; stack?: string; facts: Record<string, unknown> }
type ToThread = { id: number; task: string; input: unknown; now: number } | { cancel: number } | { stop: true }
type FromThread = { id: number } & ({ answer: unknown } | { failure: Failure } | { progress: unknown })
type Waiting = { answered(answer: never): void; failed(error: Error): void; progress?(news: never): void }

type ThreadSettings = {
  /** For errors: `The sheets thread died`. */
  name: string
  /** The thread's own file, which calls `answerTasks`. */
  script: string
  /** What the thread is begun with: its `workerData`. */
  data?: unknown
  now?: () => number
  /** It keeps the process from ending, as what it makes is waited for by nobody but its caller. */
  keepsProcess?: boolean
}

/** A thread that is begun when first asked, and again should it die. */
export function openThread<Tasks extends ThreadTasks>(settings: ThreadSettings): Thread<Tasks> {
  const { name, script, data, now = Date.now, keepsProcess = false } = settings
  const waiting = new Map<number, Waiting>()
  let worker: Worker | undefined
  let last = 0
  let isStopped = false

  function begin(): Worker {
    const begun = new Worker(script, { workerData: data })
    if (!keepsProcess) begun.unref()
    begun.on('message', (message: FromThread) => {
      const asked = waiting.get(message.id)
      if ('progress' in message) return asked?.progress?.(message.progress as never)
      waiting.delete(message.id)
      if ('failure' in message) asked?.failed(errorOf(message.failure))
      else asked?.answered(message.answer as never)
    })
    const died = (why: string) => {
      if (worker !== begun) return
      worker = undefined
      const left = [...waiting.values()]
      waiting.clear()
      for (const { failed } of left) failed(new ThreadDied(`The ${name} thread died: ${why}`))
    }
    begun.on('error', error => died(String(error)))
    begun.on('exit', code => died(`exit ${code}`))
    return begun
  }

  return {
    ask(task, input, { signal, progress } = {}) {
      const id = ++last
      const cancel = () => worker?.postMessage({ cancel: id } satisfies ToThread)
      return new Promise<never>((answered, failed) => {
        signal?.throwIfAborted()
        if (isStopped) throw new ThreadDied(`The ${name} thread is stopped`)
        signal?.addEventListener('abort', cancel, { once: true })
        waiting.set(id, { answered, failed, progress })
        worker ??= begin()
        worker.postMessage({ id, task, input, now: now() } satisfies ToThread)
      })
        .finally(() => signal?.removeEventListener('abort', cancel))
        .catch(error => {
          signal?.throwIfAborted()
          throw error
        })
    },
    async stop(graceMs = 0) {
      isStopped = true
      const ending = worker
      if (!ending) return
      const ended = new Promise(resolve => ending.once('exit', resolve))
      ending.postMessage({ stop: true } satisfies ToThread)
      if (graceMs > 0) await withTimeout(ended, graceMs, () => {})
      await ending.terminate()
    },
  }
}

/** One task in a thread of its own, ended in the middle of whatever it computes when `signal` says so. */
export async function inThread<Tasks extends ThreadTasks, Name extends keyof Tasks & string>(
  settings: Omit<ThreadSettings, 'keepsProcess'>,
  task: Name,
  input: Input<Tasks, Name>,
  { signal, progress }: { signal: AbortSignal; progress?(news: never): void },
): Promise<Answer<Tasks, Name>> {
  signal.throwIfAborted()
  const thread = openThread<Tasks>({ ...settings, keepsProcess: true })
  try {
    return await unlessAborted(thread.ask(task, input, { progress }), signal)
  } finally {
    await thread.stop()
  }
}

/** The thread's side: performs what is asked, each task with what `contextOf` makes of its work. */
export function answerTasks<Work = ThreadWork>(
  tasks: { [name: string]: (input: never, work: Work) => unknown },
  contextOf: (work: ThreadWork) => Work,
  onStop?: () => void,
) {
  const running = new Map<number, AbortController>()
  let asked = 0
  let askedBefore = 0

  async function perform({ id, task, input, now }: Extract<ToThread, { task: string }>) {
    asked++
    const stop = new AbortController()
    running.set(id, stop)
    const { signal } = stop
    const post = (message: FromThread) => parentPort?.postMessage(message)
    const pause = async () => {
      await new Promise(resolve => setImmediate(resolve))
      signal.throwIfAborted()
    }
    const progress = (news: unknown) => post({ id, progress: news })
    try {
      const performing = tasks[task]
      if (!performing) throw new Error(`No task is called ${task}`)
      post({ id, answer: await performing(input as never, contextOf({ now, signal, pause, progress })) })
    } catch (error) {
      const { name, message, stack } = error instanceof Error ? error : new Error(String(error))
      post({ id, failure: { name, message, stack, facts: plain(error) } })
    } finally {
      running.delete(id)
    }
  }

  parentPort?.on('message', (message: ToThread) => {
    if ('task' in message) perform(message)
    else if ('cancel' in message) running.get(message.cancel)?.abort()
    else {
      onStop?.()
      process.exit(0)
    }
  })

  return {
    /** Whether anything was under way since this was last called. */
    wasBusy() {
      const isBusy = running.size > 0 || asked !== askedBefore
      askedBefore = asked
      return isBusy
    },
  }
}

/** What of an error's own fields can be told across threads. */
const plain = (error: unknown): Record<string, unknown> => JSON.parse(JSON.stringify({ ...Object(error) }))
