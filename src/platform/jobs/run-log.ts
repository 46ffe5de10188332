/** What a run says on its way is kept beside it, so that one need not look for it among the lines of all others. */
import type { Db } from '../../../db/open.ts'
import { type Given, preparedFor } from '../../../db/prepared-writes.ts'
import { runLog } from '../../../db/schema.ts'
import { bestEffortWrite } from '../../../db/transactions.ts'
import type { Clock } from '../clock.ts'
import { type Facts, type Level, type Log, levels, masked } from '../process/log.ts'

const mostLines = 200 // of one attempt
const longest = 2_000 // characters of a line's facts
const writeEvery = 500 // ms

export type RunLog = ReturnType<typeof openRunLog>

export function openRunLog(db: Db, clock: Clock, runId: string, attempt: number, log: Log) {
  let waiting: Line[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let lines = 0

  /** The lines that are not written yet: they are the caller's to insert. */
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
    if (level === 'debug' || ++lines > mostLines) return
    const said = lines === mostLines ? 'More was said than is kept' : message.slice(0, longest)
    waiting.push({ runId, at: clock.now(), attempt, level, message: said, facts: short(facts) })
    timer ??= setTimeout(write, writeEvery)
  }

  const keeping = (to: Log, context: Facts): Log => ({
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
    with: facts => keeping(to.with(facts), { ...context, ...facts }),
  })

  return { log: keeping(log, {}), note, write, takeLines }
}

export function insertLines(tx: Db, lines: readonly Line[]): void {
  for (const line of lines) inserting(tx, line).run(line)
}

type Line = typeof runLog.$inferInsert
const inserting = preparedFor(runLog, (db, line: Given<Line>) => db.insert(runLog).values(line).prepare())

function short(facts: Facts): Facts | null {
  const plain = masked(facts) as Facts
  const { length } = JSON.stringify(plain) ?? ''
  return length > longest ? { left_out: `${length} characters` } : length > 2 ? plain : null
}
