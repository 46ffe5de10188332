/** Starts the real app on a free port with its own folder. It is stopped after the test, or if `shared`, after the last test of the file. */
import { afterAll } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Subprocess } from 'bun'
import type { Static, TSchema } from 'elysia'
import { closeDatabase, openDatabase } from '../db/open.ts'
import { bundledMain } from '../scripts/build.ts'
import { childEnv, trialSettings } from '../scripts/trials/child-env.ts'
import { linesOf } from '../scripts/trials/lines.ts'
import { type AppOverrides, type Fieldhouse, startFieldhouse } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import type { App } from '../src/context.ts'
import { openScores } from '../src/leagues/sheets/snapshots/open.ts'
import type { Clock } from '../src/platform/clock.ts'
import type { JobDefinition } from '../src/platform/jobs/job.ts'
import { openQueues } from '../src/platform/jobs/queues.ts'
import { type Log, openLog } from '../src/platform/process/log.ts'
import { answerFaults, documentFrom } from './documented.ts'

export const adminToken = 'test-operator-token-0123456789'

export type Env = Record<string, string>
type Cleanup = () => unknown
const cleanups: Cleanup[] = []
export const afterTest = (cleanup: Cleanup) => void cleanups.push(cleanup)
export async function stopEverything() {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
}

/** Kills the process after the test, if it has not ended by then. Call the answer to kill it earlier. */
export function killAfterTest(child: Subprocess): () => Promise<void> {
  const kill9 = async () => {
    child.kill(9)
    await child.exited
  }
  afterTest(kill9)
  return kill9
}

/** Opened by the first test of a file that uses it, for tests that leave it unchanged; stopped after the last one. */
export function shared<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined
  const sharedCleanups: Cleanup[] = []
  afterAll(async () => {
    for (const cleanup of sharedCleanups.splice(0).reverse()) await cleanup()
  })
  async function openOnce(): Promise<T> {
    const cleanupsOfTest = cleanups.splice(0)
    try {
      return await open()
    } finally {
      sharedCleanups.push(...cleanups.splice(0))
      cleanups.push(...cleanupsOfTest)
    }
  }
  return () => (opened ??= openOnce())
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fieldhouse-'))
  afterTest(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

let newFiles: Map<string, Uint8Array> | undefined

/** A folder with new databases, copied because creating them takes many syncs of the disk. */
async function newDataDir(): Promise<string> {
  const folder = temporaryFolder()
  if (newFiles) for (const [name, bytes] of newFiles) writeFileSync(join(folder, name), bytes)
  else {
    closeDatabase(openDatabase(folder))
    openScores(folder).close()
    const queues = await openQueues({ dataDir: folder, namespace: '', redis: undefined, onError() {} })
    await queues.close()
    const names = ['fieldhouse.db', 'scores.db', 'queue.db']
    newFiles = new Map(names.map(name => [name, readFileSync(join(folder, name))]))
  }
  return folder
}

/** A clock that runs like the real one and can be moved forward. */
export function turnableClock() {
  let offset = 0
  const clock = {
    now: () => Date.now() + offset,
    forward(ms: number) {
      offset += ms
    },
    /** To the start of the next minute, hour or day, so that none ends while a test counts in it. */
    forwardToNext(unit: number) {
      clock.forward(unit - (clock.now() % unit))
    },
  }
  return clock satisfies Clock
}

/** A log, and the lines written to it. */
export function readableLog(): { log: Log; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = []
  const write = (text: string) => {
    for (const line of text.trimEnd().split('\n')) lines.push(JSON.parse(line))
    return true
  }
  return { log: openLog('debug', Date.now, false, { write, drain() {} }, 0), lines }
}

/** The default settings of every app in a test. */
export const defaults = (dataDir: string): Env => trialSettings(dataDir, adminToken)

/** Jobs of the schedule run only when the test starts them, unless it passes `followsSchedule`. */
export async function start(env: Env = {}, givenDir?: string, overrides: AppOverrides = {}) {
  const dataDir = givenDir ?? (await newDataDir())
  const clock = turnableClock()
  const { log, lines } = readableLog()
  const fieldhouse: Fieldhouse = await startFieldhouse(readConfig({ ...defaults(dataDir), ...env }), {
    clock,
    log,
    followsSchedule: false,
    passwordCosts: { memoryCost: 8, timeCost: 1 }, // the minimum, because tests hash hundreds of passwords
    ...overrides,
  })
  afterTest(fieldhouse.stop)
  documentFrom(fieldhouse.app)
  const finished = finisher(fieldhouse.url, adminToken)
  return {
    ...fieldhouse,
    dataDir,
    clock,
    lines,
    call: caller(fieldhouse.url, adminToken),
    as: (key?: string) => caller(fieldhouse.url, key),
    finished,
    /** Starts a job and waits for its end. */
    async runJob<Input extends TSchema>(job: JobDefinition<App, Input>, input: Static<Input>): Promise<Answer> {
      const { jobId } = await fieldhouse.app.jobs.start(job, input)
      return finished({ job_id: jobId })
    },
    /** Runs an entry of the schedule now and waits for its end. */
    async runScheduled(entry: string): Promise<Answer> {
      const run = await fieldhouse.app.schedule.runNow(entry, null)
      if (!run) throw new Error(`${entry} is not in the schedule`)
      return finished({ job_id: run.jobId })
    },
  }
}

/** A separate process, for tests that kill it. Resolves once it is open. */
export async function spawnFieldhouse(env: Env = {}, givenDir?: string) {
  const dataDir = givenDir ?? (await newDataDir())
  const child = Bun.spawn([process.execPath, await bundledMain()], {
    env: { ...childEnv, ...defaults(dataDir), ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const kill9 = killAfterTest(child)
  const lines: Record<string, unknown>[] = []
  const opened = Promise.withResolvers<string>()
  const read = async () => {
    for await (const text of linesOf(child.stdout)) {
      const line = text.startsWith('{') ? JSON.parse(text) : { message: text }
      lines.push(line)
      if (line.message === 'Fieldhouse is open') opened.resolve(String(line.url))
    }
    opened.reject(new Error(`It ended before it opened: ${await new Response(child.stderr).text()}`))
  }
  read()
  const url = await opened.promise
  return {
    url,
    child,
    dataDir,
    lines,
    call: caller(url, adminToken),
    as: (key?: string) => caller(url, key),
    finished: finisher(url, adminToken),
    kill9,
  }
}

/** What a process prints up to a pattern. The pattern may come in several chunks. */
export async function printedUntil(pattern: RegExp, stdout: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let printed = ''
  for await (const chunk of stdout.pipeThrough(new TextDecoderStream())) {
    printed += chunk
    if (pattern.test(printed)) return printed
  }
  throw new Error(`It ended before it printed ${pattern}: ${printed}`)
}

export class Refused extends Error {
  constructor(
    readonly status: number,
    // biome-ignore lint/suspicious/noExplicitAny: tests read answers as they come
    readonly problem: any,
    readonly headers: Headers,
  ) {
    super(`${status} ${JSON.stringify(problem)}`)
  }
}

// biome-ignore lint/suspicious/noExplicitAny: tests read answers as they come
type Answer = any

/** Calls with one key: JSON in and out, checked against the API document; refusals are thrown. `raw` returns the response itself. */
export function caller(url: string, key?: string) {
  const headersOf = (headers: Record<string, string>) => ({
    ...(key && { authorization: `Bearer ${key}` }),
    ...headers,
  })
  const raw = (path: string, init: RequestInit & { headers?: Record<string, string> } = {}) =>
    fetch(url + path, { redirect: 'manual', ...init, headers: headersOf(init.headers ?? {}) })
  async function json(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const isForm = body instanceof FormData
    const response = await raw(path, {
      method,
      headers: { ...(body !== undefined && !isForm && { 'content-type': 'application/json' }), ...headers },
      body: body === undefined ? undefined : isForm ? body : JSON.stringify(body),
    })
    const text = await response.text()
    const answer = /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text
    if (response.status >= 400) throw new Refused(response.status, answer, response.headers)
    const faults = typeof answer === 'string' ? [] : answerFaults(method, path, response.status, answer)
    if (faults.length) throw new Error(`Not as documented: ${faults.slice(0, 10).join('; ')}`)
    return answer
  }
  return {
    raw,
    get: (path: string, headers?: Record<string, string>) => json('GET', path, undefined, headers),
    post: (path: string, body: unknown = {}, headers?: Record<string, string>) => json('POST', path, body, headers),
    put: (path: string, body: unknown) => json('PUT', path, body),
    patch: (path: string, body: unknown) => json('PATCH', path, body),
    delete: (path: string, body?: unknown) => json('DELETE', path, body),
  }
}

/** The refusal of a call; throws if it is not refused. */
export async function refusalOf(call: Promise<unknown>): Promise<Refused> {
  try {
    await call
  } catch (error) {
    if (error instanceof Refused) return error
    throw error
  }
  throw new Error('It was not refused')
}

/** The board of a league as the API answers it. */
export const board = (call: Pick<ReturnType<typeof caller>, 'get'>, leagueId: number, query = '') =>
  call.get(`/api/v1/leagues/${leagueId}/leaderboard${query}`)

/** Waits for the end of a job through its event stream. */
export function finisher(url: string, key: string) {
  return async (started: { job_id: string } | Promise<{ job_id: string }>): Promise<Answer> => {
    const { job_id: id } = await started
    for (let status: Answer; ; ) {
      const response = await fetch(`${url}/api/v1/jobs/${id}/events`, { headers: { authorization: `Bearer ${key}` } })
      if (!response.ok) throw new Refused(response.status, await response.text(), response.headers)
      for (const line of (await response.text()).split('\n'))
        if (line.startsWith('data: ')) status = JSON.parse(line.slice(6))
      if (status && status.status !== 'PENDING' && status.status !== 'PROGRESS') return status
    }
  }
}

/** Waits until the server is ready for requests. */
export const ready = (call: ReturnType<typeof caller>) => until(async () => (await call.raw('/readyz')).ok)

/**
 * Waits until the condition is something truthy, and returns it. For states that have no event; the limit is generous on purpose.
 * It asks less often the longer it takes, because asking costs processor time.
 */
export async function until<T>(condition: () => T | Promise<T>, withinMs = 50_000): Promise<NonNullable<T>> {
  const begin = performance.now()
  for (let waited = 0; waited < withinMs; waited = performance.now() - begin) {
    const value = await condition()
    if (value) return value as NonNullable<T>
    await Bun.sleep(Math.min(100, 20 + waited / 10))
  }
  throw new Error(`It did not come true within ${withinMs} ms: ${condition}`)
}
