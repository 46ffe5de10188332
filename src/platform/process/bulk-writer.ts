/**
 * A thread for writes of thousands of rows, all or nothing, which would hold the HTTP thread for too long: those of the table
 * `src/bulk-writes.ts`. One runs at a time, and other writes of this process wait for it.
 */
import type { Db } from '../../../db/open.ts'
import { duringBulkWrite } from '../../../db/transactions.ts'
import { programFile } from '../../installation.ts'
import type { Stamps } from '../cache/stamps.ts'
import type { Clock } from '../clock.ts'
import { copyMainLog } from '../files/wal-checkpoints.ts'
import { databaseThread } from './database-thread.ts'

/** Makes a transaction of its own: plain data in, plain data out. `at` is when it begins, after all that was written before it. */
type BulkWrite<Input extends { at: number }, Answer> = (db: Db, input: Input) => Promise<Answer>
export type BulkWriter = {
  /** Resolves once it would survive a power cut, and what is read here shows it. */
  write<Input extends { at: number }, Answer>(
    bulkWrite: BulkWrite<Input, Answer>,
    input: Omit<Input, 'at'>,
  ): Promise<Answer>
  close(): Promise<void>
}

const open = databaseThread('writer', programFile('src/writer-thread.ts'))

/** `copiesLog`: the thread copies the log afterwards, as the next commit would have to and the reader thread may be busy. Litestream does it itself. */
export function openBulkWriter(dataDir: string, db: Db, stamps: Stamps, clock: Clock, copiesLog: boolean): BulkWriter {
  const thread = open(dataDir)
  return {
    async write<Input extends { at: number }, Answer>({ name }: BulkWrite<Input, Answer>, input: Omit<Input, 'at'>) {
      await thread.load() // while other writes go on
      const answer = await duringBulkWrite(db, async () => {
        const answer = await thread.run<Answer>(name, { ...input, at: clock.now() })
        if (copiesLog) await thread.run(copyMainLog.name, undefined).catch(() => {}) // it is copied later
        return answer
      })
      stamps.readLatestChanges()
      return answer
    },
    close: thread.close,
  }
}
