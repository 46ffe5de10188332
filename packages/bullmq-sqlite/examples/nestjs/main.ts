/** A Nest application whose queue is a file: it adds one job, waits for its result and stops. */
import 'reflect-metadata'
import { BullModule, getQueueToken, Processor, WorkerHost } from '@nestjs/bullmq'
import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { type Job, withBackend } from 'bullmq'
import { createSqliteBackend } from 'bullmq-sqlite'

const { Queue, QueueEvents, Worker, FlowProducer } = withBackend(createSqliteBackend)
const connection = { path: 'queue.db' }

// Nest makes its queues and workers of these classes instead of BullMQ's own.
BullModule.queueClass = Queue
BullModule.workerClass = Worker
BullModule.flowProducerClass = FlowProducer

@Processor('mail')
class MailProcessor extends WorkerHost {
  async process(job: Job<{ to: string }>) {
    return `sent to ${job.data.to}`
  }
}

@Module({
  imports: [BullModule.forRoot({ connection }), BullModule.registerQueue({ name: 'mail' })],
  providers: [MailProcessor],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] })
const queue: InstanceType<typeof Queue> = app.get(getQueueToken('mail'))
const events = new QueueEvents('mail', { connection })
await events.waitUntilReady()
const job = await queue.add('welcome', { to: 'ann@example.org' })
console.log(await job.waitUntilFinished(events))
await events.close()
await app.close()
