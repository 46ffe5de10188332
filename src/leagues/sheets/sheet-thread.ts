/** The one long-lived worker thread: asked by message, answered by promise, cancellable, begun again should it die. */
import { Worker } from 'node:worker_threads'
import { SnapshotGone } from './snapshots/snapshot.ts'
import type { TaskAnswer, TaskInput, TaskName, TaskRequest } from './thread-tasks.ts'

export type ThreadRequest<Name extends TaskName> = TaskRequest<Name> & { id: number; now: number }
export type ToThread = ThreadRequest<TaskName> | { cancel: number } | { stop: true }

type Failure = { name: string; message: string; stack?: string; facts: Record<string, unknown> }

/** The thread went down under this task. What only reads may be asked again. */
export class ThreadDied extends Error {}

/** Something thrown in the thread, as far as it can be told here: `kind` is the name of the error, `facts` its fields. */
export class ThreadError extends Error {
  readonly kind: string
  readonly facts: Record<string, unknown>
  constructor({ name, message, stack, facts }: Failure) {
    super(message)
    this.kind = name
    this.facts = facts
    this.stack = stack
  }
}

const revived = (failure: Failure): Error =>
  failure.name === 'SnapshotGone' ? new SnapshotGone(Number(failure.facts.id)) : new ThreadError(failure)

export type ThreadQuestion = { signal?: AbortSignal; progress?(done: unknown): void }

export type SheetThread = {
  /** A cancelled task rejects once it has cleaned up behind itself. */
  run<Name extends TaskName>(task: Name, input: TaskInput<Name>, asking?: ThreadQuestion): Promise<TaskAnswer<Name>>
  stop(): Promise<void>
}

type Waiting = { answered(answer: unknown): void; failed(error: Error): void; progress?(done: unknown): void }

export function startSheetThread(dataDir: string, now: () => number = Date.now): SheetThread {
  const waiting = new Map<number, Waiting>()
  let worker: Worker | undefined
  let last = 0
  let stopped = false

  function begin(): Worker {
    const begun = new Worker(new URL('./sheet-thread-worker.ts', import.meta.url), { workerData: { dataDir } })
    begun.unref()
    begun.on('message', ({ id, answer, failure, progress }) => {
      const asked = waiting.get(id)
      if (progress !== undefined) return asked?.progress?.(progress)
      waiting.delete(id)
      if (failure) asked?.failed(revived(failure))
      else asked?.answered(answer)
    })
    const died = (why: string) => {
      if (worker !== begun) return
      worker = undefined
      const left = [...waiting.values()]
      waiting.clear()
      for (const { failed } of left) failed(new ThreadDied(`The sheets thread died: ${why}`))
    }
    begun.on('error', error => died(String(error)))
    begun.on('exit', code => died(`exit ${code}`))
    return begun
  }

  return {
    run<Name extends TaskName>(task: Name, input: TaskInput<Name>, { signal, progress }: ThreadQuestion = {}) {
      const id = ++last
      const cancel = () => worker?.postMessage({ cancel: id })
      return new Promise<TaskAnswer<Name>>((answered, failed) => {
        signal?.throwIfAborted()
        if (stopped) throw new ThreadDied('The sheets thread is stopped')
        signal?.addEventListener('abort', cancel, { once: true })
        waiting.set(id, { answered, failed, progress })
        worker ??= begin()
        worker.postMessage({ id, task, input, now: now() })
      })
        .finally(() => signal?.removeEventListener('abort', cancel))
        .catch(error => {
          signal?.throwIfAborted()
          throw error
        })
    },
    async stop() {
      stopped = true
      if (!worker) return
      const ending = worker
      const ended = new Promise(resolve => ending.once('exit', resolve))
      ending.postMessage({ stop: true })
      await Promise.race([ended, Bun.sleep(2000)])
      await ending.terminate()
    },
  }
}
