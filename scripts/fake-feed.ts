import { type ParseArgsConfig, parseArgs } from 'node:util'
import { messageOf } from '../src/errors.ts'
import type { FeedBoard } from '../src/leagues/tours/feeds/board.ts'
import type { FeedFormat } from '../src/leagues/tours/feeds/formats.ts'
import { fakeFormats } from './fake-formats.ts'
import { boardOf, makeTournament, standingsAt, type TournamentState } from './fake-tournament.ts'
import { misused } from './script-help.ts'

/** What can go wrong on request: `fault('html')`, `POST /control?fault=html&times=2`, or `?fault=html` on a single request. */
export const feedFaults = {
  down: 'answers 503',
  slow: 'answers after a minute',
  truncated: 'sends half of the JSON',
  html: 'sends a maintenance page',
  huge: 'sends spaces without end',
  blank: 'sends no bytes',
  empty: 'lists no golfers',
  zeroed: 'shows every score as even',
  shrunk: 'lists half of the golfers',
  wrong_type: 'says that its JSON is HTML',
  unchanged: 'answers 304 whatever is asked',
  inward: 'redirects to where clouds keep their secrets',
} as const
export type FeedFault = keyof typeof feedFaults

export type FakeFeedOptions = {
  seed?: number
  format?: FeedFormat
  golfers?: number
  /** Simulated minutes per second; with 0, time moves only by `advance`. */
  speed?: number
  /** Milliseconds; used only with a speed. */
  clock?: () => number
  /** The simulated minute to start at; the first tee time is minute 0. */
  from?: number
  /** Wall time of minute 0, in milliseconds, if there is no speed. */
  firstTee?: number
  port?: number
}

export type FakeFeed = {
  url: string
  urlOf(format: FeedFormat): string
  /** Every request for a feed so far, with the wall time in milliseconds at which it was answered. */
  requests: Array<{ path: string; status: number; at: number }>
  /** Minutes from the first tee time to the last putt; official a quarter of an hour later. */
  length: number
  minute(): number
  /** The current board, as read from a perfect feed. */
  board(): FeedBoard
  advance(minutes?: number): void
  /** From now on, or for `times` requests; null ends the fault. */
  fault(kind: FeedFault | null, times?: number): void
  stop(): void
}

/** A feed on loopback that plays a tournament and serves it in every format. */
export function startFakeFeed(options: FakeFeedOptions = {}): FakeFeed {
  const { seed = 1, format = 'fieldhouse', golfers = 48, speed = 0, clock = Date.now, from = -30, port = 0 } = options
  const tournament = makeTournament(seed, golfers)
  const startedAt = clock()
  const firstTee = speed > 0 ? startedAt - (from / speed) * 1000 : (options.firstTee ?? Date.UTC(2026, 4, 14, 7))
  const wallMinute = speed > 0 ? 1000 / speed : 60_000
  const timeOf = (minute: number) => new Date(firstTee + minute * wallMinute).toISOString()

  let minutes = from
  let activeFault: { kind: FeedFault; times: number } | null = null
  const minute = () => minutes + (speed > 0 ? Math.floor((speed * (clock() - startedAt)) / 1000) : 0)
  const now = () => standingsAt(tournament, minute())

  const server = Bun.serve({
    port,
    hostname: '127.0.0.1',
    idleTimeout: 120,
    async fetch(request) {
      const { pathname, search, searchParams } = new URL(request.url)
      if (pathname === '/control') return control(request.method, searchParams)
      const format = formatNames.find(name => pathname === `/${name}.json`)
      if (!format) return new Response('/fieldhouse.json, /datagolf.json, /espn.json or /control', { status: 404 })
      const kind =
        faultNamed(searchParams.get('fault')) ?? (activeFault && activeFault.times-- > 0 ? activeFault.kind : null)
      const response = await answer(
        request,
        JSON.stringify(fakeFormats[format](withDataFault(now(), kind), timeOf)),
        kind,
      )
      feed.requests.push({ path: pathname + search, status: response.status, at: Date.now() })
      return response
    },
  })

  function control(method: string, parameters: URLSearchParams): Response {
    if (method === 'POST') {
      if (parameters.has('fault'))
        feed.fault(faultNamed(parameters.get('fault')), Number(parameters.get('times')) || undefined)
      feed.advance(Number(parameters.get('advance')))
    }
    const { round, status } = now()
    const fault = activeFault && activeFault.times > 0 ? activeFault.kind : null
    return Response.json({
      minute: minute(),
      length: tournament.length,
      round,
      status,
      fault,
      requests: feed.requests.length,
    })
  }

  const urlOf = (format: FeedFormat) => `http://127.0.0.1:${server.port}/${format}.json`
  const feed: FakeFeed = {
    url: urlOf(format),
    urlOf,
    requests: [],
    length: tournament.length,
    minute,
    board: () => boardOf(now(), timeOf),
    advance: (by = 5) => {
      minutes += by
    },
    fault: (kind, times = Number.POSITIVE_INFINITY) => {
      activeFault = kind && { kind, times }
    },
    stop: () => {
      server.stop(true)
    },
  }
  return feed
}

const formatNames: FeedFormat[] = ['fieldhouse', 'datagolf', 'espn']
const isFault = (name: string): name is FeedFault => Object.hasOwn(feedFaults, name)
const faultNamed = (name: string | null): FeedFault | null => (name !== null && isFault(name) ? name : null)

/** Faults in the data; faults of the transport are in `answer`. */
function withDataFault(state: TournamentState, kind: FeedFault | null): TournamentState {
  if (kind === 'empty') return { ...state, standings: [] }
  if (kind === 'shrunk') return { ...state, standings: state.standings.filter((_, i) => i % 2 === 0) }
  if (kind === 'zeroed') return { ...state, standings: state.standings.map(standing => ({ ...standing, total: 0 })) }
  return state
}

async function answer(request: Request, json: string, kind: FeedFault | null): Promise<Response> {
  const etag = `W/"${Bun.hash(json).toString(36)}"`
  const headers = { 'content-type': 'application/json', etag }
  switch (kind) {
    case 'down':
      return new Response('Service Unavailable', { status: 503, headers: { 'retry-after': '30' } })
    case 'slow':
      await minuteOrAbort(request.signal)
      return new Response(json, { headers })
    case 'truncated':
      return new Response(json.slice(0, json.length / 2), { headers })
    case 'html':
      return new Response('<!doctype html><title>Back soon</title><h1>Down for maintenance</h1>', {
        headers: { 'content-type': 'text/html' },
      })
    case 'huge':
      return new Response(spacesWithoutEnd(), { headers })
    case 'blank':
      return new Response('', { headers })
    case 'wrong_type':
      return new Response(json, { headers: { ...headers, 'content-type': 'text/html' } })
    case 'inward':
      return Response.redirect('http://169.254.169.254/latest/meta-data/')
    default: {
      const isKnown = kind === 'unchanged' || request.headers.get('if-none-match') === etag
      return isKnown ? new Response(null, { status: 304, headers: { etag } }) : new Response(json, { headers })
    }
  }
}

const minuteOrAbort = (signal: AbortSignal) =>
  new Promise<void>(resolve => {
    const timer = setTimeout(resolve, 60_000)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })

const spacesWithoutEnd = () =>
  new ReadableStream({
    pull(controller) {
      controller.enqueue(new Uint8Array(64 * 1024).fill(0x20))
    },
  })

/** Accepts `--from -30`, which `parseArgs` alone takes for an option without a value. */
function readOptions<const Options extends NonNullable<ParseArgsConfig['options']>>(options: Options) {
  const args = process.argv.slice(2).flatMap((word, i, all) => {
    const next = all[i + 1] ?? ''
    if (/^--[a-z]+$/.test(word) && /^-\d/.test(next)) return [`${word}=${next}`]
    return i > 0 && /^-\d/.test(word) && /^--[a-z]+$/.test(all[i - 1] ?? '') ? [] : [word]
  })
  try {
    return parseArgs({ args, options })
  } catch (error) {
    console.error(messageOf(error))
    process.exit(misused)
  }
}

if (import.meta.main) {
  const { values } = readOptions({
    seed: { type: 'string', default: '1' },
    golfers: { type: 'string', default: '48' },
    speed: { type: 'string', default: '5' },
    from: { type: 'string', default: '-30' },
    port: { type: 'string', default: '4600' },
    help: { type: 'boolean', default: false },
  })
  if (values.help) {
    console.log(`bun scripts/fake-feed.ts [--seed 1] [--golfers 48] [--speed 5] [--from -30] [--port 4600]

Plays a tournament on loopback: --speed simulated minutes a second, beginning --from minutes after the first tee time.
Faults, with ?fault=NAME on a request, or for the next N requests (without times: until fault=none):
  curl -X POST 'http://127.0.0.1:4600/control?fault=html&times=3'    also: advance=60

${Object.entries(feedFaults)
  .map(([name, what]) => `  ${name.padEnd(11)} ${what}`)
  .join('\n')}`)
    process.exit()
  }
  const numbers = {
    seed: values.seed,
    golfers: values.golfers,
    speed: values.speed,
    from: values.from,
    port: values.port,
  }
  for (const [name, text] of Object.entries(numbers)) {
    if (text.trim() !== '' && Number.isFinite(Number(text))) continue
    console.error(`--${name} takes a number, not ${text}`)
    process.exit(misused)
  }
  const speed = Number(values.speed)
  const feed = startFakeFeed({
    seed: Number(values.seed),
    golfers: Number(values.golfers),
    speed,
    from: Number(values.from),
    port: Number(values.port),
  })
  console.log(formatNames.map(feed.urlOf).join('\n'))
  if (speed) console.log(`The last putt falls in ${Math.round((feed.length - feed.minute()) / speed)} s`)
}
