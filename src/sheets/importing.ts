/** In the worker thread: a file becomes a snapshot and is held against the board it follows. */
import type { Database } from 'bun:sqlite'
import type { UploadError, UploadSummary } from '../../db/schema.ts'
import { matchRows } from '../leaderboard/gains.ts'
import { scoringOf } from '../leaderboard/score.ts'
import { compareTexts } from '../leaderboard/text.ts'
import { lineupOf, type Published } from './lineup.ts'
import { type ReadOptions, readSheet, type SheetReport } from './reading/sheet.ts'
import { type BoardConfig, prepare, scoreInput } from './scoring.ts'
import { discard } from './snapshots/garbage.ts'
import { ownMemory, readIds, readNames } from './snapshots/read.ts'
import { type Snapshot, snapshotOf } from './snapshots/snapshot.ts'
import { deleteSnapshot } from './snapshots/sweep.ts'
import { writeSnapshot } from './snapshots/write.ts'
import type { Work } from './tasks.ts'

export type ImportInput = {
  path: string
  options: Pick<ReadOptions, 'filename' | 'mapping' | 'mode'>
  kind: 'baseline' | 'current'
  takenAt: number
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
}

export type ImportProgress = {
  stage: 'sniffing' | 'reading' | 'checking' | 'storing' | 'comparing'
  done: number
  rows: number
}

/** Shares of the whole, in percent, as they were measured on a million rows. */
const until = { sniffing: 1, reading: 35, checking: 45, storing: 85, comparing: 99 }

export async function importSheet(scores: Database, input: ImportInput, work: Work): Promise<Imported> {
  const { snapshot, report, errors, metrics, bytes } = await store(scores, input, work)
  discard(bytes)
  try {
    const compared = await compare(scores, snapshot, input, work)
    const { absent } = scoringOf(metrics, input.config)
    const summary = {
      ...compared,
      suspicious: compared.suspicious + report.suspiciousCount,
      duplicates: report.duplicateCount,
      warnings: absent.map(metric => `The league weighs ${metric}, which this sheet does not have`),
    }
    if (input.dryRun) await deleteSnapshot(scores, snapshot)
    return { snapshot: input.dryRun ? null : snapshot, report, errors, summary }
  } catch (error) {
    await deleteSnapshot(scores, snapshot)
    throw error
  }
}

/** Reads and stores the file. Apart from what follows, so that the sheet's columns are garbage by then. */
async function store(scores: Database, { path, options }: ImportInput, { now, pause, signal, progress }: Work) {
  const tell = (told: ImportProgress) => progress(told)
  const sheet = await readSheet(path, {
    ...options,
    signal,
    onProgress: ({ stage, bytes, totalBytes, rows }) =>
      tell({
        stage,
        rows,
        done: stage === 'reading' ? 1 + (bytes / Math.max(1, totalBytes)) * (until.reading - 1) : until[stage],
      }),
  })
  const { ids, names, metrics, lines: _, rows, errors, ...report } = sheet
  const writing = {
    now,
    signal,
    async pause(written: number) {
      tell({
        stage: 'storing',
        rows: written,
        done: until.checking + (written / Math.max(1, rows)) * (until.storing - until.checking),
      })
      await pause()
    },
  }
  const snapshot = await writeSnapshot(scores, { ids, names, metrics }, writing)
  tell({ stage: 'comparing', rows, done: until.storing })
  return {
    snapshot,
    report,
    errors: [...errors, ...reported(sheet)],
    metrics: metrics.map(({ name }) => name),
    bytes: metrics.length * rows * 8,
  }
}

/** What did not make a row bad and is worth a look all the same. */
const reported = ({ duplicates, suspicious }: SheetReport) => [...duplicates, ...suspicious]

/** Who is new, gone or renamed since the board before, and whose counters went down since the start. */
async function compare(scores: Database, id: number, { published, kind, takenAt, config }: ImportInput, work: Work) {
  const snapshot = snapshotOf(scores, id)
  const nobody = { players: snapshot.players, new: 0, missing: 0, renamed: 0, suspicious: 0 }
  const lineup = lineupOf([...published, { snapshot: id, kind, takenAt }])
  const shown = lineup?.current === id ? await prepare(scores, scoreInput(lineup, config), work) : undefined
  const earlier = lineupOf(published.filter(one => one.takenAt <= takenAt)) ?? baselineOnly(published)
  if (kind === 'baseline' || !earlier) return nobody
  return { ...nobody, ...movesBetween(scores, snapshot, snapshotOf(scores, earlier.current)), ...shown }
}

function movesBetween(scores: Database, snapshot: Snapshot, before: Snapshot) {
  const matches = matchRows(readIds(scores, snapshot, ownMemory), readIds(scores, before, ownMemory))
  const [names, namesBefore] = [readNames(scores, snapshot, ownMemory), readNames(scores, before, ownMemory)]
  let fresh = 0
  let renamed = 0
  for (let row = 0; row < matches.length; row++) {
    const match = matches[row]!
    if (match < 0) fresh++
    else if (compareTexts(names, row, namesBefore, match) !== 0) renamed++
  }
  return { new: fresh, missing: before.players - (matches.length - fresh), renamed }
}

/** Before the first current sheet, the newest baseline is what there is to compare with. */
function baselineOnly(published: readonly Published[]): { current: number } | undefined {
  const newest = published.toSorted((a, b) => a.takenAt - b.takenAt).at(-1)
  return newest && { current: newest.snapshot }
}
