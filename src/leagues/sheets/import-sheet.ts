/** In the worker thread: a file becomes a snapshot and is held against the board it follows. */
import type { Database } from 'bun:sqlite'
import type { UploadDoubt, UploadError, UploadSummary } from '../../../db/schema.ts'
import { scoringOf } from '../../leaderboard/score.ts'
import { compareTexts, type TextColumn } from '../../leaderboard/text.ts'
import { type Players, sheetPlayers } from './baseline-rows.ts'
import { type Dated, datedByContent } from './dating.ts'
import { countFallen, doubtsOf } from './doubts.ts'
import { keepKnownNames } from './known-names.ts'
import { type ReadOptions, readSheet, type SheetReport } from './reading/sheet.ts'
import { type BoardConfig, prepareScoring, scoreInput } from './scoring.ts'
import { type Published, scanBefore, selectSnapshots } from './snapshot-selection.ts'
import { collectGarbage, release } from './snapshots/memory.ts'
import { ownMemory, readNames } from './snapshots/read.ts'
import { type SheetColumns, type Snapshot, snapshotOf, storedSnapshot } from './snapshots/snapshot.ts'
import { deleteSnapshot } from './snapshots/sweep.ts'
import { writeSnapshot } from './snapshots/write.ts'
import type { TaskContext } from './task-context.ts'

export type ImportInput = {
  path: string
  options: Pick<ReadOptions, 'filename' | 'mapping' | 'mode'>
  kind: 'baseline' | 'current'
  dated: Dated
  /** What the league's boards are made of so far, and how it scores. */
  published: Published[]
  config: BoardConfig
  /** Only look: the snapshot is not kept. */
  dryRun: boolean
}

export type Imported = {
  snapshot: number | null
  report: Omit<SheetReport, 'errors'>
  errors: UploadError[]
  summary: UploadSummary
  dated: Dated
  /** Why it should not be published unasked. */
  doubts: UploadDoubt[]
}

export type ImportProgress = {
  stage: 'checking file type' | 'reading' | 'checking' | 'storing' | 'comparing'
  done: number
  rows: number
}

/** Shares of the whole, in percent, as they were measured on a million rows. */
const until = { 'checking file type': 1, reading: 35, checking: 45, storing: 85, comparing: 99 }

export async function importSheet(scores: Database, input: ImportInput, work: TaskContext): Promise<Imported> {
  const { ids, names, hasNames, metrics, labels, rows, lines: _, errors, ...report } = await read(input, work)
  const sheet = { ids, names, metrics, labels }
  const dated = datedByContent(input.dated, report.takenAt, work.now)
  let id: number | undefined
  try {
    keepKnownNames(scores, sheet, hasNames, { published: input.published, takenAt: dated.takenAt })
    id = await writeSnapshot(scores, sheet, telling(work, rows))
    const players = sheetPlayers(scores, snapshotOf(scores, id), sheet)
    const { doubts, ...compared } = await compare(scores, sheet, players, { ...input, takenAt: dated.takenAt }, work)
    const { absent } = scoringOf(
      metrics.map(({ name }) => name),
      input.config,
    )
    const summary = {
      ...compared,
      suspicious: compared.suspicious + report.suspiciousCount,
      duplicates: report.duplicateCount,
      warnings: absent.map(metric => `The league weighs ${metric}, which this sheet does not have`),
    }
    if (input.dryRun) await deleteSnapshot(scores, id)
    const findings = [...errors, ...report.duplicates, ...report.suspicious]
    return { snapshot: input.dryRun ? null : id, report, errors: findings, summary, dated, doubts }
  } catch (error) {
    if (id !== undefined) await deleteSnapshot(scores, id)
    throw error
  } finally {
    release(...metrics.map(({ values }) => values))
    const texts = [sheet.ids, sheet.names, ...sheet.labels.map(label => label.texts)]
    for (const { bytes, offsets } of texts) release(bytes, offsets)
    collectGarbage(rows * MATCHING)
  }
}

const read = ({ path, options }: ImportInput, { signal, progress }: TaskContext) =>
  readSheet(path, {
    ...options,
    signal,
    onProgress: ({ stage, bytes, totalBytes, rows }) => {
      const part = stage === 'reading' ? bytes / Math.max(1, totalBytes) : 1
      progress({
        stage,
        rows,
        done: until['checking file type'] + part * (until[stage] - until['checking file type']),
      } satisfies ImportProgress)
    },
  })

/** Writing that lets others in and tells how far it is. */
const telling = ({ now, signal, pause, progress }: TaskContext, rows: number) => ({
  now,
  signal,
  async pause(written: number) {
    const stage = written < rows ? 'storing' : 'comparing'
    const done = until.checking + (written / Math.max(1, rows)) * (until.storing - until.checking)
    progress({ stage, rows: written, done } satisfies ImportProgress)
    await pause()
  },
})

/** What is left lying about for each player, in bytes. */
const RANKING = 48
const MATCHING = 32

/** Who is new, gone or renamed since the board before, and whose counters went down since the start. */
async function compare(
  scores: Database,
  { names, metrics }: SheetColumns,
  players: Players,
  { published, kind, takenAt, config }: ImportInput & { takenAt: number },
  work: TaskContext,
) {
  const { id, players: count } = players.snapshot
  const nobody = { players: count, new: 0, missing: 0, renamed: 0, suspicious: 0 }
  const lineup = selectSnapshots([...published, { snapshot: id, kind, takenAt }])
  const shown =
    lineup?.current === id ? await prepareScoring(scores, players, scoreInput(lineup, config), work) : undefined
  const earlier = scanBefore(published, takenAt)
  const since = earlier && storedSnapshot(scores, earlier.snapshot) // a sheet of long ago: it may have been thinned out
  const isCompared = kind === 'current' && since !== undefined
  const fell = isCompared ? await countFallen(scores, players, since, work) : undefined
  release(...metrics.map(({ values }) => values)) // the rest is about ids and names
  collectGarbage(count * RANKING)
  if (!isCompared || !fell) return { ...nobody, ...shown, doubts: [] }
  const moves = movesSince(scores, players, names, since)
  const doubts = doubtsOf(players.snapshot, since, { ...fell, missing: moves.missing })
  return { ...nobody, ...moves, ...shown, doubts }
}

function movesSince(scores: Database, players: Players, names: TextColumn, before: Snapshot) {
  const rows = players.rowsIn(before.id)
  const namesBefore = readNames(scores, before, ownMemory)
  let fresh = 0
  let renamed = 0
  for (let row = 0; row < rows.length; row++) {
    const earlier = rows[row]!
    if (earlier < 0) fresh++
    else if (compareTexts(names, row, namesBefore, earlier) !== 0) renamed++
  }
  release(namesBefore.bytes, namesBefore.offsets)
  return { new: fresh, missing: before.players - (rows.length - fresh), renamed }
}
