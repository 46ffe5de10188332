/** The log lines of a run are stored with it, so that nobody has to find them among all others. */
import type { Db } from '../../../db/open.ts'
import { preparedInsert } from '../../../db/prepared-writes.ts'
import { runLog } from '../../../db/schema.ts'
import { bestEffortWrite } from '../../../db/transactions.ts'
import type { Clock } from '../clock.ts'
import { type Facts, type Level, type Log, levels, masked } from '../process/log.ts'

const maxLines = 200 // of one attempt
const maxLength = 2_000 // characters of a line's message or facts
const writeEvery = 500 // ms

export type RunLog = ReturnType<typeof openRunLog>

export function openRunLog(db: Db, clock: Clock, runId: string, attempt: number, log: Log) {
  let waiting: Line[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let lines = 0
  let isClosed = false

  /** Returns the lines that are not written yet, which the caller must insert. */
  function takeLines(): Line[] {
    clearTimeout(timer)
    timer = undefined
    const lines = waiting
    waiting = []
    return lines
  }

  function write() {
    const lines = takeLines()
    if (lines.length) bestEffortWrite(db, tx => insertLines(tx, lines))
  }

  function note(level: Level, message: string, facts: Facts = {}) {
    if (isClosed || level === 'debug' || ++lines > maxLines) return
    const text = lines === maxLines ? 'Further lines are left out' : message.slice(0, maxLength)
    waiting.push({ runId, at: clock.now(), attempt, level, message: text, facts: shortenedFacts(facts) })
    timer ??= setTimeout(write, writeEvery)
  }

  /** The run has ended, and its row may be deleted. A cancelled one may still be at work: that is only in the log of the process. */
  function close() {
    write()
    isClosed = true
  }

  const recordingLog = (to: Log, context: Facts): Log => ({
    ...to,
    ...(Object.fromEntries(
      levels.map(level => [
        level,
        (message: string, facts: Facts = {}) => {
          note(level, message, { ...context, ...facts })
          to[level](message, facts)
        },
      ]),
    ) as Pick<Log, Level>),
    with: facts => recordingLog(to.with(facts), { ...context, ...facts }),
  })

  return { log: recordingLog(log, {}), note, write, takeLines, close }
}

export function insertLines(tx: Db, lines: readonly Line[]): void {
  for (const line of lines) insertLine(tx, line)
}

type Line = typeof runLog.$inferInsert
const insertLine = preparedInsert(runLog)

function shortenedFacts(facts: Facts): Facts | null {
  const safe = masked(facts) as Facts
  const { length } = JSON.stringify(safe) ?? ''
  return length > maxLength ? { left_out: `${length} characters` } : length > 2 ? safe : null
}
