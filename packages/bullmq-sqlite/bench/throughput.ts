import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Queue, Worker, withBackend } from 'bullmq'
import { createSqliteBackend } from '../src/index.ts'

/*
 * Jobs a second of BullMQ on SQLite against BullMQ on Redis with an append-only file synced every second, the two in turns
 * within one run: `bun bench/throughput.ts [rounds] [scale]`. What counts is the ratio; the rates are the machine's.
 */

const [rounds = 3, scale = 1] = process.argv.slice(2).map(Number)
const crowd = Math.round(100_000 * scale)
const batch = 1000

interface Jobs {
  add(name: string, data: object): Promise<unknown>
  addBulk(jobs: { name: string; data: object }[]): Promise<unknown>
  obliterate(opts: { force: boolean }): Promise<void>
  close(): Promise<void>
}

interface Crew {
  on(event: 'completed', listener: () => void): unknown
  run(): Promise<void>
  close(): Promise<void>
}

/** The same two classes over either store. */
interface Side {
  queue(name: string): Jobs
  crew(name: string, concurrency: number): Crew
}

const folder = mkdtempSync(join(tmpdir(), 'bench-queue-'))
const port = 7100 + Math.floor(Math.random() * 800)
const redis = await startRedis()
const onSqlite = withBackend(createSqliteBackend)
const file = { path: join(folder, 'queue.db') }
const server = { host: '127.0.0.1', port }
const work = async () => {}
const sides: Record<'sqlite' | 'redis', Side> = {
  sqlite: {
    queue: name => new onSqlite.Queue(name, { connection: file }),
    crew: (name, concurrency) => new onSqlite.Worker(name, work, { connection: file, concurrency, autorun: false }),
  },
  redis: {
    queue: name => new Queue(name, { connection: server }),
    crew: (name, concurrency) => new Worker(name, work, { connection: server, concurrency, autorun: false }),
  },
}
const payload = (n: number) => ({ league: n, upload: n * 7, name: 'northern division', rows: 120 })

async function fill(queue: Jobs, count: number): Promise<void> {
  for (let from = 0; from < count; from += batch)
    await queue.addBulk(
      Array.from({ length: Math.min(batch, count - from) }, (_, n) => ({ name: 'job', data: payload(n) })),
    )
}

/** Each bench does `count` jobs and is timed by the second half of its promise: what it returns. */
interface Bench {
  readonly name: string
  readonly count: number
  readonly waiting: number
  run(side: Side, name: string, count: number): Promise<void>
  prepare?(queue: Jobs, count: number): Promise<void>
}

const add: Bench['run'] = (side, name, count) =>
  withQueue(side, name, async queue => {
    for (let n = 0; n < count; n++) await queue.add('job', payload(n))
  })

const addInFlight: Bench['run'] = (side, name, count) =>
  withQueue(side, name, async queue => {
    for (let from = 0; from < count; from += 100)
      await Promise.all(Array.from({ length: 100 }, (_, n) => queue.add('job', payload(n))))
  })

const addBulk: Bench['run'] = (side, name, count) => withQueue(side, name, queue => fill(queue, count))

const processAt =
  (concurrency: number): Bench['run'] =>
  async (side, name, count) => {
    const crew = side.crew(name, concurrency)
    let done = 0
    await new Promise<void>(resolve => {
      crew.on('completed', () => ++done === count && resolve())
      void crew.run()
    })
    await crew.close()
  }

const of = (count: number) => Math.round(count * scale)
const benches: Bench[] = [0, crowd].flatMap(waiting => [
  { name: 'add, one at a time', count: of(4000), waiting, run: add },
  { name: 'add, 100 in flight', count: of(10_000), waiting, run: addInFlight },
  { name: 'addBulk, 1000 each', count: of(20_000), waiting, run: addBulk },
  { name: 'process, concurrency 1', count: of(5000), waiting, run: processAt(1), prepare: fill },
  { name: 'process, concurrency 10', count: of(10_000), waiting, run: processAt(10), prepare: fill },
])

async function withQueue(side: Side, name: string, use: (queue: Jobs) => Promise<void>): Promise<void> {
  const queue = side.queue(name)
  await use(queue)
  await queue.close()
}

/** Jobs a second of one bench on one side. */
async function measure(side: Side, bench: Bench): Promise<number> {
  const name = `bench-${crypto.randomUUID()}`
  const queue = side.queue(name)
  await fill(queue, bench.waiting)
  await bench.prepare?.(queue, bench.count)
  const start = performance.now()
  await bench.run(side, name, bench.count)
  const seconds = (performance.now() - start) / 1000
  await queue.obliterate({ force: true })
  await queue.close()
  return bench.count / seconds
}

async function startRedis(): Promise<Bun.Subprocess> {
  const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '']
  const persistence = ['--appendonly', 'yes', '--appendfsync', 'everysec']
  const child = Bun.spawn(['redis-server', ...options, ...persistence], { stdout: 'pipe' })
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream()))
    if (chunk.includes('Ready to accept connections')) return child
  throw new Error('Redis did not start')
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

console.log(`jobs a second, median of ${rounds} rounds        sqlite     redis    ratio`)
for (const bench of benches) {
  const rates = { sqlite: [] as number[], redis: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    rates.sqlite.push(await measure(sides.sqlite, bench))
    rates.redis.push(await measure(sides.redis, bench))
  }
  const [ours, theirs] = [median(rates.sqlite), median(rates.redis)]
  const label = `${bench.name}, ${bench.waiting} waiting`
  console.log(
    `${label.padEnd(42)}${ours.toFixed(0).padStart(9)} ${theirs.toFixed(0).padStart(9)}   ${(ours / theirs).toFixed(2)} x`,
  )
}
redis.kill()
await redis.exited
rmSync(folder, { recursive: true, force: true })
process.exit()
