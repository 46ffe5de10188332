/** A queue with a job a second, and bull-board to look at it: http://localhost:3000 */
import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { ExpressAdapter } from '@bull-board/express'
import { withBackend } from 'bullmq'
import { createSqliteBackend } from 'bullmq-sqlite'
import express from 'express'

const { Queue, Worker } = withBackend(createSqliteBackend)
const connection = { path: 'queue.db' }

const queue = new Queue('mail', { connection })
await queue.upsertJobScheduler('greetings', { every: 1000 }, { name: 'welcome', data: { to: 'ann@example.org' } })
const worker = new Worker('mail', async job => `sent to ${job.data.to}`, {
  connection,
  removeOnComplete: { count: 100 },
})

const board = new ExpressAdapter()
createBullBoard({ queues: [new BullMQAdapter(queue)], serverAdapter: board })
const server = express()
  .use(board.getRouter())
  .listen(Number(process.env.PORT ?? 3000), () => console.log(`http://localhost:${server.address().port}`))

process.on('SIGTERM', async () => {
  server.close()
  await worker.close()
  await queue.close()
})
