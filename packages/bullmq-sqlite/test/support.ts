/** Shared by the tests of this package, which run under `bun test` and under `node --test`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { QueueEventsListener } from 'bullmq'

export { sleep }
export const isBun = 'Bun' in globalThis

const runner = isBun
  ? await import('bun:test').then(({ test, expect }) => ({ run: test, skip: test.skip, expect }))
  : await Promise.all([import('node:test'), import('expect')]).then(([{ test }, { expect }]) => ({
      run: (name: string, body: () => Promise<void>, timeout?: number) => void test(name, { timeout }, body),
      skip: (name: string, body: () => Promise<void>, _timeout?: number) => void test.skip(name, body),
      expect,
    }))

/** Jest's `expect`: built into Bun, and from the package `expect` on Node. */
export const expect = runner.expect as typeof import('expect').expect

type Cleanup = () => unknown
const cleanups: Cleanup[] = []
/** Registers a function to run when the test ends, passed or failed; the last one registered runs first. */
export const afterTest = (cleanup: Cleanup) => void cleanups.push(cleanup)

type Body = () => unknown
const withCleanup = (body: Body) => async () => {
  try {
    await body()
  } finally {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  }
}
export const test = (name: string, body: Body): void => void runner.run(name, withCleanup(body))

/** `BULLMQ_SQLITE_TEST_ALL=1` (or Fieldhouse's own variable in its CI) forbids skipping tests that need a Redis server or the registry. */
const mayNotSkip = process.env.BULLMQ_SQLITE_TEST_ALL === '1' || process.env.FIELDHOUSE_TEST_ALL === '1'
const redisServer = commandPath('redis-server')
/** A test that needs a real Redis. */
export const redisTest = (name: string, body: Body): void =>
  void (mayNotSkip || redisServer ? runner.run : runner.skip)(name, withCleanup(body))

/** A test that installs from the registry: it runs only where nothing may be skipped. */
export const registryTest = (name: string, body: Body, runsHere = true): void =>
  void (mayNotSkip && runsHere ? runner.run : runner.skip)(name, withCleanup(body), 300_000)

/** Rounds are short by default; `BULLMQ_SQLITE_TEST_LONG=1` (or Fieldhouse's own variable) makes them long. */
const isLong = process.env.BULLMQ_SQLITE_TEST_LONG === '1' || process.env.FIELDHOUSE_TEST_LONG === '1'
export const rounds = (short: number, long: number): number => (isLong ? long : short)

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bullmq-sqlite-'))
  afterTest(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Waits until the condition is something truthy, and returns it. For states that have no event; the limit is generous on purpose. */
export async function until<T>(condition: () => T | Promise<T>, withinMs = 50_000): Promise<NonNullable<T>> {
  for (const deadline = performance.now() + withinMs; performance.now() < deadline; await sleep(20)) {
    const seen = await condition()
    if (seen) return seen
  }
  throw new Error(`It did not come true within ${withinMs} ms: ${condition}`)
}

/**
 * Waits until a listener has heard an event that is published now, and so all events before it. Over Redis it is ready before its first
 * read has begun, and misses what is added until then.
 */
export async function untilHeard(
  listener: { once<L extends QueueEventsListener, E extends Extract<keyof L, string>>(event: E, heard: L[E]): unknown },
  producer: { publishEvent(event: { eventName: string }): Promise<unknown> },
): Promise<void> {
  let heard = false
  listener.once<QueueEventsListener & { listening(): void }, 'listening'>('listening', () => {
    heard = true
  })
  await until(async () => {
    if (!heard) await producer.publishEvent({ eventName: 'listening' })
    return heard
  })
}

function commandPath(command: string): string | undefined {
  const paths = (process.env.PATH ?? '').split(delimiter).map(folder => join(folder, command))
  return paths.find(path => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** It lies below the ports that the system gives to connections and to servers with port 0, so that none of them takes it first. */
async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = 10_000 + Math.floor(Math.random() * 20_000)
    const server = createServer().listen(port, '127.0.0.1')
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false, // in use
    )
    server.close()
    if (isFree) return port
  }
  throw new Error('No port is free')
}

/** Starts a Redis for this test, on a free port with its own folder. Returns the port. */
export async function startRedis(): Promise<number> {
  const port = await freePort()
  const options = ['--bind', '127.0.0.1', '--dir', temporaryFolder(), '--save', '', '--appendonly', 'no']
  const server = spawn(redisServer ?? 'redis-server', ['--port', String(port), ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(server, 'exit')
  afterTest(async () => {
    server.kill('SIGKILL')
    await exited
  })
  for await (const line of createInterface({ input: server.stdout }))
    if (line.includes('Ready to accept connections')) return port
  throw new Error('Redis did not start')
}

const nodeOptions = isBun ? [] : ['--disable-warning=ExperimentalWarning'] // for the warning of Node's SQLite

/** A child process on this runtime that communicates in lines. */
export function startChild(script: string, ...args: string[]) {
  const file = join(import.meta.dirname, 'children', script)
  const child = spawn(process.execPath, [...nodeOptions, file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const kill9 = async () => {
    child.kill('SIGKILL')
    await exited
  }
  afterTest(kill9)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    pid: child.pid!,
    /** The next line it prints. */
    async nextLine(): Promise<string> {
      const tooLong = sleep(60_000, undefined, { ref: false }).then(() => {
        throw new Error(`${script} has printed nothing for a minute`)
      })
      const { value, done } = await Promise.race([lines.next(), tooLong])
      if (done) throw new Error(`${script} ended instead of speaking`)
      return value
    },
    send: (line: string) => void child.stdin.write(`${line}\n`),
    kill9,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
  }
}

/** Seeded randomness for tests that try many things. `SEED=…` repeats a run. */
export interface Chance {
  below(n: number): number
  one<T>(choices: readonly T[]): T
  some(odds: number): boolean
}

export function chance(seed: number): Chance {
  let state = seed >>> 0
  const real = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (n: number) => Math.floor(real() * n)
  return { below, one: choices => choices[below(choices.length)]!, some: odds => real() < odds }
}
