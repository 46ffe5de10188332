/** The writer thread: a connection per folder, and the table of bulk writes it can run. */
import { openBulkConnection } from '../db/open.ts'
import { bulkWrites } from './bulk-writes.ts'
import { closeCheckpointWriter } from './platform/files/wal-checkpoints.ts'
import { answerFrom } from './platform/process/database-thread.ts'

answerFrom(bulkWrites, openBulkConnection, closeCheckpointWriter)
