/**
 * A thread that only reads: queries that may take longer than a request should wait for anything. Begun when first asked,
 * begun again should it die. What it can be asked stands in the table `src/readings.ts`.
 */
import { Worker } from 'node:worker_threads'

export type ReaderQuery = { name: string; input: unknown }
export type Reader<Table> = {
  read<Name extends keyof Table>(
    name: Name,
    input: Table[Name] extends (db: never, input: infer Input) => unknown ? Input : never,
  ): Promise<Table[Name] extends (...args: never[]) => infer Answer ? Answer : never>
  close(): Promise<void>
}

type Waiting = { answered(answer: never): void; failed(error: Error): void }

/** `script` is the thread's own file: it hands the table to `answerReadings`. */
export function openReaderThread<Table>(script: URL, dataDir: string): Reader<Table> {
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
      for (const { failed } of waiting.values()) failed(new Error(`The reading thread died: ${why}`))
      waiting.clear()
    }
    begun.on('error', died)
    begun.on('exit', died)
    return begun
  }

  return {
    read: (name, input) =>
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
