/**
 * A thread that only reads: queries that may take longer than a request should wait for anything. Begun when first asked,
 * begun again should it die. It finds the query by its name in the table `src/reader-queries.ts`.
 */
import { Worker } from 'node:worker_threads'
import type { Db } from '../../../db/open.ts'

export type ReaderQuery = { name: string; input: unknown }
/** A query that runs in the thread: plain data in, plain data out. */
export type ThreadQuery<Input, Answer> = (db: Db, input: Input) => Answer
export type Reader = {
  read<Input, Answer>(query: ThreadQuery<Input, Answer>, input: Input): Promise<Answer>
  close(): Promise<void>
}

type Waiting = { answered(answer: never): void; failed(error: Error): void }

/** `script` is the thread's own file. */
export function openReaderThread(script: URL, dataDir: string): Reader {
  const waiting = new Map<number, Waiting>()
  let worker: Worker | undefined
  let last = 0

  function begin(): Worker {
    const begun = new Worker(script, { workerData: { dataDir } })
    begun.unref()
    begun.on('message', ({ id, answer, error }) => {
      const asked = waiting.get(id)
      waiting.delete(id)
      if (error) asked?.failed(error)
      else asked?.answered(answer as never)
    })
    const died = (why: unknown) => {
      if (worker !== begun) return
      worker = undefined
      for (const { failed } of waiting.values()) failed(new Error(`The reader thread died: ${why}`))
      waiting.clear()
    }
    begun.on('error', died)
    begun.on('exit', died)
    return begun
  }

  return {
    read: ({ name }, input) =>
      new Promise((answered, failed) => {
        const id = ++last
        waiting.set(id, { answered, failed })
        worker ??= begin()
        worker.postMessage({ id, name, input })
      }),
    async close() {
      const ending = worker
      worker = undefined
      await ending?.terminate()
    },
  }
}
