/**
 * BullMQ on SQLite against BullMQ on a Redis that syncs its append-only file every second, in turns within one run:
 *
 *   bun bench/run.ts [rounds = 3] [scale = 1]
 *   node bench/run.ts [rounds = 3] [scale = 1]
 *
 * Only the ratios matter; the rates depend on the machine.
 */
import { spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { type BenchQueue, type Classes, type Connection, classesOf, payload } from './stores.ts'

const [rounds = 3, scale = 1] = process.argv.slice(2).map(Number)
const folder = mkdtempSync(join(tmpdir(), 'bench-queue-'))
const redis = await startRedis()
const connections: Record<'sqlite' | 'redis', Connection> = {
  sqlite: { path: join(folder, 'queue.db') },
  redis: { host: '127.0.0.1', port: redis.port },
}
type Store = keyof typeof connections
const classes: Record<Store, Classes> = {
  sqlite: classesOf(connections.sqlite),
  redis: classesOf(connections.redis),
}
const times = (count: number) => Math.max(1, Math.round(count * scale))

/** Handles `count` jobs in the queue of that name. Only `run` is timed; everything it needs is prepared before. */
interface Throughput {
  readonly name: string
  readonly count: number
  readonly isFilled?: boolean // its jobs are added before `run`
  run(side: Classes, queue: BenchQueue, name: string, count: number): Promise<void>
}

async function fill(queue: BenchQueue, count: number): Promise<void> {
  for (let from = 0; from < count; from += 1000)
    await queue.addBulk(
      Array.from({ length: Math.min(1000, count - from) }, (_, n) => ({ name: 'job', data: payload(from + n) })),
    )
}

const processAt =
  (concurrency: number): Throughput['run'] =>
  async (side, _queue, name, count) => {
    const worker = side.Worker(name, concurrency)
    let done = 0
    await new Promise<void>(resolve => {
      worker.on('completed', () => ++done === count && resolve())
      void worker.run()
    })
    await worker.close()
  }

const throughputs: Throughput[] = [
  {
    name: 'add, 1 in flight',
    count: times(4000),
    async run(_side, queue, _name, count) {
      for (let n = 0; n < count; n++) await queue.add('job', payload(n))
    },
  },
  {
    name: 'add, 100 in flight',
    count: times(100) * 100,
    async run(_side, queue, _name, count) {
      for (let from = 0; from < count; from += 100)
        await Promise.all(Array.from({ length: 100 }, (_, n) => queue.add('job', payload(n))))
    },
  },
  { name: 'addBulk, 1000 each', count: times(20_000), run: (_side, queue, _name, count) => fill(queue, count) },
  { name: 'process, concurrency 1', count: times(5000), isFilled: true, run: processAt(1) },
  { name: 'process, concurrency 10', count: times(10_000), isFilled: true, run: processAt(10) },
]

/** Jobs a second, in the crowded queue if given, otherwise in a new one. */
async function throughput(store: Store, { count, isFilled, run }: Throughput, crowdedQueue?: string): Promise<number> {
  const name = crowdedQueue ?? `bench-${randomUUID()}`
  const queue = classes[store].Queue(name)
  if (isFilled && !crowdedQueue) await fill(queue, count)
  const start = performance.now()
  await run(classes[store], queue, name, count)
  const seconds = (performance.now() - start) / 1000
  if (!crowdedQueue) await queue.obliterate({ force: true })
  await queue.close()
  return count / seconds
}

/** Milliseconds from `add` to the start of the job in an idle worker of this process; the median of many. */
async function latency(store: Store): Promise<number> {
  const name = `bench-${randomUUID()}`
  const queue = classes[store].Queue(name)
  let started = () => {}
  const worker = classes[store].Worker(name, 1, async () => started())
  await worker.waitUntilReady()
  void worker.run()
  const waits: number[] = []
  for (let n = 0; n < times(100); n++) {
    await sleep(10)
    const addedAt = performance.now()
    const start = new Promise<void>(resolve => (started = resolve))
    await queue.add('job', payload(n))
    await start
    waits.push(performance.now() - addedAt)
  }
  await worker.close()
  await queue.close()
  return median(waits)
}

function inSeparateProcess(store: Store, what: 'idle' | 'memory'): number {
  const subject = join(import.meta.dirname, 'subject.ts')
  const child = spawnSync(process.execPath, [...process.execArgv, subject, JSON.stringify(connections[store]), what], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return Number(child.stdout)
}

/** MB that 100,000 waiting jobs take, in the process that added them and, for Redis, in the server as well. */
function memory(store: Store): number {
  const before = store === 'redis' ? redis.megabytes() : 0
  const grown = inSeparateProcess(store, 'memory')
  return grown + (store === 'redis' ? redis.megabytes() - before : 0)
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

/** Measures both in turns and prints their medians; `better` says whether more or less is better. */
async function compare(label: string, unit: string, better: 'more' | 'less', measure: (store: Store) => unknown) {
  const measured = { sqlite: [] as number[], redis: [] as number[] }
  for (let round = 0; round < rounds; round++)
    for (const store of ['sqlite', 'redis'] as const) measured[store].push(Number(await measure(store)))
  const [sqliteMedian, redisMedian] = [median(measured.sqlite), median(measured.redis)]
  const ratio = better === 'more' ? sqliteMedian / redisMedian : redisMedian / sqliteMedian
  const number = (n: number) => n.toFixed(n < 10 ? 2 : 0).padStart(9)
  console.log(
    `${label.padEnd(42)}${number(sqliteMedian)} ${number(redisMedian)} ${unit.padEnd(14)} ${ratio.toFixed(2)} x`,
  )
}

const runtime = 'Bun' in globalThis ? `Bun ${process.versions.bun}` : `Node ${process.versions.node}`
console.log(`${runtime}, medians of ${rounds} rounds`.padEnd(45), 'sqlite     redis                better by')
for (const item of throughputs)
  await compare(`${item.name}, 0 waiting`, 'jobs a second', 'more', store => throughput(store, item))
for (const store of ['sqlite', 'redis'] as const) {
  const queue = classes[store].Queue('crowded')
  await fill(queue, 100_000)
  await queue.close()
}
for (const item of throughputs)
  await compare(`${item.name}, 100,000 waiting`, 'jobs a second', 'more', store => throughput(store, item, 'crowded'))
await compare('from add to the start of the job', 'ms', 'less', latency)
await compare('an idle worker', '% of a core', 'less', store => inSeparateProcess(store, 'idle'))
await compare('100,000 waiting jobs', 'MB', 'less', memory)
await redis.stop()
rmSync(folder, { recursive: true, force: true })
process.exit()

async function startRedis() {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  const port = typeof address === 'object' && address ? address.port : 0
  probe.close()
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '']
  const persistence = ['--appendonly', 'yes', '--appendfsync', 'everysec']
  const server = spawn('redis-server', [...options, ...persistence], { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const line of createInterface({ input: server.stdout }))
    if (line.includes('Ready to accept connections')) break
  server.stdout.resume()
  return {
    port,
    megabytes: () =>
      Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024,
    async stop() {
      const exited = once(server, 'exit')
      server.kill()
      await exited
    },
  }
}
