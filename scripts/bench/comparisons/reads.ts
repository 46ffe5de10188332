/** Cached answers under load: boards, cards, tiers, numbers and pages, for strangers and for signed-in users. */
import { join } from 'node:path'
import { freePort } from '../../trials/free-port.ts'
import { type BenchOptions, type ComparedSide, type Comparison, type Figure, Missing } from '../comparison.ts'
import { scansIn } from '../scan-files.ts'
import { openFieldhouse } from '../subjects/fieldhouse.ts'
import { processorMs, waitFor } from '../subjects/processes.ts'
import { openStack } from '../subjects/stack.ts'
import { type WrkLoad, withoutWrk, wrk } from '../subjects/wrk.ts'

const players = 1_000
const warmUps = 200 // reads of each answer by each reader
const api = '/api/v1/leagues/1'
const paths = {
  board: { title: 'board', path: `${api}/leaderboard` },
  card: { title: 'player card', path: `${api}/players/${10_000_000 + 7 * 500}` },
  tiers: { title: 'classifications', path: `${api}/classifications` },
  stats: { title: 'numbers of the league', path: `${api}/stats` },
  league: { title: 'league', path: api },
  page: { title: 'board as a page', path: '/leagues/1' },
  cardPage: { title: 'player card as a page', path: '/leagues/1/players/10003500' },
} as const
type AnswerName = keyof typeof paths
const readers = { stranger: 'a stranger', key: 'with a key', session: 'signed in' } as const
type Reader = keyof typeof readers

/** Rates are compared with other sides; requests with each other by processor time, which other programs do not change. */
const figures: Record<string, Figure> = {}
const isMeasured = (asked: AnswerName, reader: Reader) => !(asked.toLowerCase().endsWith('page') && reader === 'key') // pages are for browsers
for (const [asked, { title }] of Object.entries(paths) as [AnswerName, { title: string }][])
  for (const [reader, words] of Object.entries(readers) as [Reader, string][]) {
    if (!isMeasured(asked, reader)) continue
    const name = `${asked} ${reader}`
    const isBare = name === 'board stranger'
    if (['board', 'card'].includes(asked) && reader !== 'session')
      figures[name] = {
        title: `cached ${title}, ${words}`,
        unit: 'a second',
        aims: isBare ? [{ beside: 'bare route', ratio: 0.8 }] : [],
      }
    const stranger = `${asked} stranger processor`
    figures[`${name} processor`] = {
      title: `processor time of a cached ${title}, ${words}`,
      unit: 'µs',
      yardstick: reader === 'stranger' ? undefined : stranger,
      aims: [isBare ? { beside: 'bare route', ratio: 0.8 } : { beside: stranger, ratio: 0.8 }],
    }
  }
const unlimited = [{ beside: 'bare route', ratio: 0.85 }]
figures.free = {
  title: 'cached board, a stranger, with `RATE_LIMIT=0`',
  unit: 'a second',
  aims: unlimited,
}
figures['free processor'] = { title: 'its processor time', unit: 'µs', aims: unlimited }
figures['not modified processor'] = {
  title: 'processor time of a board that the reader has already (304)',
  unit: 'µs',
  yardstick: 'board stranger processor',
}
figures['zstd processor'] = {
  title: 'processor time of a cached board, compressed with zstd',
  unit: 'µs',
  yardstick: 'board stranger processor',
}

export const reads: Comparison = {
  name: 'reads',
  title: 'Cached answers',
  longStretches:
    'the garbage collector, which sweeps for up to 10 ms at once, or another thread of Bun that is waited for and has no processor',
  figures,
  isCold: true, // every side warms up when it opens
  sides: { Fieldhouse: fieldhouse, stack, 'bare route': bareRoute, 'the same with our headers': routeWithHeaders },
}

async function boardOf(options: BenchOptions, env: Record<string, string>) {
  const server = await openFieldhouse(options.folder, env)
  const league = await server.newLeague()
  const scan = scansIn(options.folder, players, 'csv')
  await server.upload(league, await scan(0), 'baseline')
  await server.upload(league, await scan(1), 'current')
  return server
}

type Step = ComparedSide['steps'][string]
type Server = { processorMs(): number }

/** The rate, and the processor time of a request. */
const load =
  (name: string, { processorMs }: Server, url: string, asked: WrkLoad = {}): Step =>
  async () => {
    const before = processorMs()
    const { rate, requests } = await wrk(url, asked)
    return { [name]: rate, [`${name} processor`]: ((processorMs() - before) * 1000) / requests }
  }

async function fieldhouse(options: BenchOptions): Promise<ComparedSide | Missing> {
  const missing = withoutWrk()
  if (missing) return missing
  const server = await boardOf(options, { RATE_LIMIT: '1000000000' }) // counted, but never reached
  const free = await boardOf(options, { RATE_LIMIT: '0' })
  const { key, session } = await server.reader('reader')
  const headers: Record<Reader, Record<string, string>> = { stranger: {}, key, session }
  const board = server.url + paths.board.path
  const steps: ComparedSide['steps'] = {
    board: load('board stranger', server, board, { seconds: 2 }),
    free: load('free', free, free.url + paths.board.path, { seconds: 2 }),
  }
  for (const [asked, { path }] of Object.entries(paths) as [AnswerName, { path: string }][])
    for (const reader of Object.keys(readers) as Reader[]) {
      const name = `${asked} ${reader}`
      if (isMeasured(asked, reader) && name !== 'board stranger')
        steps[name] = load(name, server, server.url + path, { headers: headers[reader] })
    }
  for (const { path } of Object.values(paths))
    for (const reader of Object.values(headers)) await warm(server.url + path, reader)
  await warm(free.url + paths.board.path)
  const ifNoneMatch = { 'if-none-match': (await fetch(board)).headers.get('etag') ?? '' }
  if ((await fetch(board, { headers: ifNoneMatch })).status !== 304) throw new Error('The board has changed')
  steps['not modified'] = load('not modified', server, board, { headers: ifNoneMatch, anyStatus: true })
  steps.zstd = load('zstd', server, board, { headers: { 'accept-encoding': 'zstd' } })
  return {
    steps,
    stretches: server.stretches,
    async stop() {
      await server.stop()
      await free.stop()
    },
  }
}

async function warm(url: string, headers: Record<string, string> = {}): Promise<void> {
  for (let i = 0; i < warmUps; i++) await (await fetch(url, { headers })).arrayBuffer()
}

async function stack(options: BenchOptions): Promise<ComparedSide | Missing> {
  const stack = await openStack(options.folder)
  if (stack instanceof Missing) return stack
  const scan = scansIn(options.folder, players, 'csv')
  await stack.upload(await scan(0), 'baseline')
  await stack.upload(await scan(1), 'current')
  const key = await stack.reader(1)
  const [board, card] = [`${stack.url}/leaderboard`, `${stack.url}/players/10003500`]
  for (const url of [board, card]) await warm(url, key)
  return {
    steps: {
      board: load('board stranger', stack, board, { seconds: 2 }),
      'board key': load('board key', stack, board, { headers: key }),
      'card stranger': load('card stranger', stack, card),
      'card key': load('card key', stack, card, { headers: key }),
    },
    stop: stack.stop,
  }
}

/** An Elysia route that only answers the bytes of a board. */
function bareRoute(options: BenchOptions) {
  return elysiaRoutes(options, { board: '/bare', free: '/bare' })
}

/**
 * The same with all headers that Fieldhouse sends. An id and a time are set for each answer and, beside the rate limit, what is
 * left of it, for which the client's address is asked.
 */
function routeWithHeaders(options: BenchOptions) {
  return elysiaRoutes(options, { board: '/limited', free: '/unlimited' })
}

const elysiaProgram = (folder: string, port: number, limited: Headers, unlimited: Headers) => `
import { Elysia } from 'elysia'
const page = new Blob([await Bun.file(${JSON.stringify(join(folder, 'bare.json'))}).bytes()])
const times = Array.from({ length: 1000 }, (_, microseconds) => (microseconds / 1e6).toFixed(6))
let answered = 0
const withHeaders = (sent, isLimited) => {
  const headers = new Headers(sent)
  const answer = { headers }
  return ({ request, server }) => {
    const began = performance.now()
    headers.set('x-request-id', request.headers.get('x-request-id') ?? 'an-id-as-long-as-ours-' + ++answered)
    if (isLimited && server.requestIP(request).address) headers.set('ratelimit-remaining', String(1e9 - answered))
    headers.set('x-process-time', times[Math.round((performance.now() - began) * 1000)] ?? '0.001000')
    return new Response(page, answer)
  }
}
new Elysia()
  .get('/bare', () => new Response(page, { headers: { 'content-type': 'application/json' } }))
  .get('/limited', withHeaders(${JSON.stringify([...limited])}, true))
  .get('/unlimited', withHeaders(${JSON.stringify([...unlimited])}, false))
  .listen({ port: ${port}, hostname: '127.0.0.1' })`

async function elysiaRoutes({ folder }: BenchOptions, asked: { board: string; free: string }) {
  const missing = withoutWrk()
  if (missing) return missing
  const headersWith = async (limit: string) => {
    const server = await boardOf({ folder, isQuick: true, rounds: 1 }, { RATE_LIMIT: limit })
    const { headers, body } = await fetch(server.url + paths.board.path, { headers: { 'accept-encoding': 'identity' } })
    await Bun.write(join(folder, 'bare.json'), await new Response(body).bytes())
    await server.stop()
    for (const ofServer of ['date', 'content-length']) headers.delete(ofServer)
    return headers
  }
  const port = freePort()
  const program = elysiaProgram(folder, port, await headersWith('1000000000'), await headersWith('0'))
  const child = Bun.spawn([process.execPath, '-e', program], {
    cwd: join(import.meta.dir, '../../..'),
    env: { ...process.env, NODE_ENV: 'production' },
    stdout: 'ignore',
    stderr: 'inherit',
  })
  const url = `http://127.0.0.1:${port}`
  await waitFor(async () => (await fetch(url + asked.board)).ok, child)
  for (const path of Object.values(asked)) await warm(url + path)
  const side = { processorMs: () => processorMs([child.pid]) }
  return {
    steps: {
      board: load('board stranger', side, url + asked.board, { seconds: 2 }),
      free: load('free', side, url + asked.free, { seconds: 2 }),
    },
    async stop() {
      child.kill(9)
      await child.exited
    },
  }
}
