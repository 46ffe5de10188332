/** The reader thread: a read-only connection per folder, and the table of queries it can run. */
import { openReader } from '../db/open.ts'
import { closeCheckpointWriter } from './platform/files/wal-checkpoints.ts'
import { answerFrom } from './platform/process/database-thread.ts'
import { readerQueries } from './reader-queries.ts'

answerFrom(readerQueries, openReader, closeCheckpointWriter)
