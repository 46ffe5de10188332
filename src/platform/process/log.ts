import { type Output, openOutput } from './output.ts'

/** Log lines: JSON, or coloured text on a terminal. Lines of a few milliseconds are written together. */
export const levels = ['debug', 'info', 'warn', 'error'] as const
export type Level = (typeof levels)[number]
export type Facts = Record<string, unknown>

export type Log = {
  [L in Level]: (message: string, facts?: Facts) => void
} & {
  /** The line of one request. Its JSON is put together by hand, because every request waits for it. */
  request(id: string, method: string, path: string, status: number, ms: number, user?: string): void
  /** A log whose lines all carry these facts. */
  with(facts: Facts): Log
  /** Before the process ends. */
  flush(): void
}

const secretNames = /pass(word|wd)?|token|secret|authorization|cookie|api_?key|dsn|webhook_?url/i

/** Leaves out what error messages may quote: keys from headers, and logins in URLs. */
export const withoutSecrets = (text: string) =>
  text.replace(/\b(Bearer|Basic)\s+\S+/gi, '$1 …').replace(/\/\/[^\s/@]+@/g, '//…@')

/** Values under names that sound secret are never written. */
export function masked(value: unknown, depth = 0): unknown {
  if (value instanceof Error) {
    const { name, message, stack = '' } = value
    return { name, message: withoutSecrets(message), stack: withoutSecrets(stack) }
  }
  if (typeof value !== 'object' || value === null || depth > 6) return value
  if (Array.isArray(value)) return value.map(item => masked(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, secretNames.test(name) && item ? '…' : masked(item, depth + 1)]),
  )
}

const colours: Record<Level, string> = { debug: '\x1b[90m', info: '\x1b[36m', warn: '\x1b[33m', error: '\x1b[31m' }
const pretty = (level: Level, at: string, message: string, facts: Facts) => {
  const rest = Object.entries(facts).map(
    ([name, value]) => `\x1b[90m${name}=\x1b[0m${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return `\x1b[90m${at.slice(11, 23)}\x1b[0m ${colours[level]}${level.padEnd(5)}\x1b[0m ${message} ${rest.join(' ')}`
}

export function openLog(
  minLevel: Level,
  now: () => number,
  isTerminal = process.stdout.isTTY === true,
  output: Output = openOutput(),
  flushAfter = 20, // ms; 0 writes every line at once
): Log {
  let waiting = ''
  let leftOut = 0 // lines
  let timer: ReturnType<typeof setTimeout> | undefined
  const writeWaiting = () => {
    clearTimeout(timer)
    timer = undefined
    if (!waiting) return
    const note = leftOut ? lineOf('warn', 'Log lines were left out: nobody reads the output', { lines: leftOut }) : ''
    leftOut = output.write(note + waiting) ? 0 : leftOut + waiting.split('\n').length - 1
    waiting = ''
  }
  const add = (line: string, urgent = false) => {
    waiting += line
    if (urgent || waiting.length > 65_536 || flushAfter === 0) writeWaiting()
    else timer ??= setTimeout(writeWaiting, flushAfter)
  }
  let timestampAt = 0
  let timestamp = ''
  const formattedNow = () => {
    const time = now()
    if (time !== timestampAt) {
      timestampAt = time
      timestamp = new Date(time).toISOString()
    }
    return timestamp
  }
  const lineOf = (level: Level, message: string, facts: Facts) =>
    isTerminal
      ? `${pretty(level, formattedNow(), message, facts)}\n`
      : `${JSON.stringify({ at: formattedNow(), level, message, ...facts })}\n`
  const writerOf = (level: Level, context: Facts) => {
    if (levels.indexOf(level) < levels.indexOf(minLevel)) return () => {}
    return (message: string, facts: Facts = {}) =>
      add(lineOf(level, message, masked({ ...context, ...facts }) as Facts), level === 'error')
  }
  /** The last path as JSON: many requests in a row are for the same one. */
  let [path, quoted] = ['', '""']
  const quotedPath = (requested: string) => {
    if (requested !== path) [path, quoted] = [requested, JSON.stringify(requested)]
    return quoted
  }
  const logsRequests = levels.indexOf(minLevel) <= levels.indexOf('info')
  const logWith = (context: Facts): Log => ({
    debug: writerOf('debug', context),
    info: writerOf('info', context),
    warn: writerOf('warn', context),
    error: writerOf('error', context),
    request(id, method, path, status, ms, user) {
      if (!logsRequests) return
      if (isTerminal)
        return writerOf('info', context)('request', {
          method,
          path,
          status,
          duration_ms: Math.round(ms * 100) / 100,
          ...(user && { user }),
          request_id: id,
        })
      const by = user ? `,"user":${JSON.stringify(user)}` : ''
      add(
        `{"at":"${formattedNow()}","level":"info","message":"request","request_id":"${id}","method":"${method}","path":${quotedPath(path)},"status":${status},"duration_ms":${msText(ms)}${by}}\n`,
      )
    },
    with: facts => logWith({ ...context, ...facts }),
    flush() {
      writeWaiting()
      output.drain()
    },
  })
  return logWith({})
}

/** The texts of short times are cached: to write a fraction takes longer than the rest of the line. */
function msText(ms: number): string {
  const rounded = Math.round(ms * 100)
  return rounded < 1_000 ? (shortTimes[rounded] ??= String(rounded / 100)) : String(rounded / 100)
}
const shortTimes: string[] = []

/** True at first and then once every `everyMs`, so that what fails in a loop is logged once, not a million times. */
export function throttled(everyMs = 30_000) {
  const lastSeen = new Map<string, number>()
  return (what: string): boolean => {
    const now = performance.now()
    if (now - (lastSeen.get(what) ?? Number.NEGATIVE_INFINITY) < everyMs) return false
    if (lastSeen.size > 100) lastSeen.clear()
    lastSeen.set(what, now)
    return true
  }
}
