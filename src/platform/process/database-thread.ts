/**
 * A thread with a connection of its own to `fieldhouse.db`, which finds what to run by its name in a table of functions. One thread
 * serves all folders that the process opens, because loading its modules takes longer than most of what it runs.
 */
import type { Db } from '../../../db/open.ts'
import { answerTasks, openThread, type Thread, ThreadDied } from './threads.ts'
import { withTimeout } from './with-timeout.ts'

type DatabaseTasks = {
  load(asked: { dataDir: string }): void
  run(asked: { dataDir: string; name: string; input: unknown }): never
  close(asked: { dataDir: string }): void
}

/** Milliseconds that what is running may delay closing. */
const closeTimeout = 1_000

/** Returns what opens the thread for a folder: it starts with the first call. */
export function databaseThread(name: string, script: string) {
  /** The shared thread, and how many have it open. */
  let sharedThread: { thread: Thread<DatabaseTasks>; users: number } | undefined

  return (dataDir: string) => {
    const shared = (sharedThread ??= { thread: openThread<DatabaseTasks>({ name, script }), users: 0 })
    shared.users++
    const { thread } = shared
    let isUsed = false
    let isClosed = false
    function use(): void {
      if (isClosed) throw new ThreadDied('The thread is stopped')
      isUsed = true
    }
    return {
      /** Resolves once it can run: its first start takes 0.2 s. */
      async load(): Promise<void> {
        use()
        await thread.ask('load', { dataDir })
      },
      async run<Answer>(name: string, input: unknown): Promise<Answer> {
        use()
        return thread.ask('run', { dataDir, name, input })
      },
      async close(): Promise<void> {
        if (isClosed) return
        isClosed = true
        shared.users--
        if (!isUsed) return
        const closed = thread.ask('close', { dataDir }).catch(() => {}) // a thread that died has nothing open
        await withTimeout(closed, closeTimeout, () => {
          if (shared.users > 0) return undefined // others use it: it closes after what is running
          if (sharedThread === shared) sharedThread = undefined
          return thread.stop()
        })
      },
    }
  }
}

/** The thread's side. */
export function answerFrom(
  table: readonly ((db: Db, input: never) => unknown)[],
  open: (dataDir: string) => Db,
  onClose: (db: Db) => void = () => {},
) {
  const functions = new Map(table.map(run => [run.name, run]))
  const openDatabases = new Map<string, Db>()
  function opened(dataDir: string): Db {
    const db = openDatabases.get(dataDir) ?? open(dataDir)
    openDatabases.set(dataDir, db)
    return db
  }
  const tasks: DatabaseTasks = {
    load({ dataDir }) {
      opened(dataDir)
    },
    run({ dataDir, name, input }) {
      const run = functions.get(name)
      if (!run) throw new Error(`Nothing is called ${name}`)
      return run(opened(dataDir), input as never) as never
    },
    close({ dataDir }) {
      const db = openDatabases.get(dataDir)
      if (!db) return
      openDatabases.delete(dataDir)
      onClose(db)
      db.$client.close()
    },
  }
  answerTasks(tasks, work => work)
}
