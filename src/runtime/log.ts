import { writeSync } from 'node:fs'

/** One JSON line each, pretty on a terminal. Lines are gathered for a moment and written together. */
export const levels = ['debug', 'info', 'warn', 'error'] as const
export type Level = (typeof levels)[number]
export type Facts = Record<string, unknown>

export type Log = {
  [L in Level]: (message: string, facts?: Facts) => void
} & {
  /** A log whose lines all carry these facts. */
  with(facts: Facts): Log
  flush(): void
}

const secretNames = /pass(word|wd)?|token|secret|authorization|cookie|api_?key|dsn/i

/** Values under names that sound secret are never written. */
export function masked(value: unknown, depth = 0): unknown {
  if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack }
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

export type Write = (text: string) => void
const toStdout: Write = text => {
  try {
    writeSync(1, text)
  } catch {
    // Nobody reads: a closed pipe must not end the service.
  }
}

export function openLog(
  least: Level,
  now: () => number,
  isTerminal = process.stdout.isTTY === true,
  write: Write = toStdout,
): Log {
  let waiting = ''
  let timer: ReturnType<typeof setTimeout> | undefined
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (waiting) write(waiting)
    waiting = ''
  }
  const put = (level: Level, context: Facts) => {
    if (levels.indexOf(level) < levels.indexOf(least)) return () => {}
    return (message: string, facts: Facts = {}) => {
      const at = new Date(now()).toISOString()
      const all = masked({ ...context, ...facts }) as Facts
      waiting += `${isTerminal ? pretty(level, at, message, all) : JSON.stringify({ at, level, message, ...all })}\n`
      if (level === 'error' || waiting.length > 65_536) flush()
      else timer ??= setTimeout(flush, 20)
    }
  }
  const logWith = (context: Facts): Log => ({
    debug: put('debug', context),
    info: put('info', context),
    warn: put('warn', context),
    error: put('error', context),
    with: facts => logWith({ ...context, ...facts }),
    flush,
  })
  return logWith({})
}
