/** In the worker thread: a file becomes a snapshot and is held against the board it follows. */
import type { Database } from 'bun:sqlite'
import type { UploadError, UploadSummary } from '../../db/schema.ts'
import { hasFallen, matchRows } from '../leaderboard/gains.ts'
import { scoringOf } from '../leaderboard/score.ts'
import { compareTexts } from '../leaderboard/text.ts'
import { eachPlayer, type ScoreConfig, startsOf } from './building.ts'
import { type Lineup, lineupOf, type Published } from './lineup.ts'
import { type ReadOptions, readSheet, type SheetReport } from './reading/sheet.ts'
import { readIds, readNames } from './snapshots/read.ts'
import { snapshotOf } from './snapshots/snapshot.ts'
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
  config: ScoreConfig
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
  const { pause, signal } = work
  const tell = (progress: ImportProgress) => work.progress(progress)
  const sheet = await readSheet(input.path, {
    ...input.options,
    signal,
    onProgress: ({ stage, bytes, totalBytes, rows }) =>
      tell({
        stage,
        rows,
        done: stage === 'reading' ? 1 + (bytes / Math.max(1, totalBytes)) * (until.reading - 1) : until[stage],
      }),
  })
  const { ids, names, metrics, lines: _, rows, errors, ...report } = sheet
  const snapshot = await writeSnapshot(
    scores,
    { ids, names, metrics },
    {
      now: work.now,
      signal,
      async pause(written) {
        tell({
          stage: 'storing',
          rows: written,
          done: until.checking + (written / Math.max(1, rows)) * (until.storing - until.checking),
        })
        await pause()
      },
    },
  )
  try {
    tell({ stage: 'comparing', rows, done: until.storing })
    const compared = await compare(scores, snapshot, input, work)
    const warnings = scoringOf(
      metrics.map(({ name }) => name),
      input.config,
    ).absent.map(metric => `The league weighs ${metric}, which this sheet does not have`)
    const summary = {
      ...compared,
      suspicious: compared.suspicious + report.suspiciousCount,
      duplicates: report.duplicateCount,
      warnings,
    }
    if (input.dryRun) await deleteSnapshot(scores, snapshot)
    return { snapshot: input.dryRun ? null : snapshot, report, errors: [...errors, ...reported(sheet)], summary }
  } catch (error) {
    await deleteSnapshot(scores, snapshot)
    throw error
  }
}

/** What did not make a row bad and is worth a look all the same. */
const reported = ({ duplicates, suspicious }: SheetReport) => [...duplicates, ...suspicious]

/** Who is new, gone or renamed since the board before, and whose counters went down since the start. */
async function compare(scores: Database, id: number, { published, kind, takenAt }: ImportInput, work: Work) {
  const snapshot = snapshotOf(scores, id)
  const ids = readIds(scores, snapshot)
  const earlier = lineupOf(published.filter(one => one.takenAt <= takenAt)) ?? baselineOnly(published)
  const other = kind === 'baseline' ? undefined : (earlier?.current ?? undefined)
  const nobody = { players: snapshot.players, new: 0, missing: 0, renamed: 0, suspicious: 0 }
  if (other === undefined) return nobody

  const before = snapshotOf(scores, other)
  const matches = matchRows(ids, readIds(scores, before))
  const [names, namesBefore] = [readNames(scores, snapshot), readNames(scores, before)]
  let fresh = 0
  let renamed = 0
  for (let row = 0; row < matches.length; row++) {
    const match = matches[row]!
    if (match < 0) fresh++
    else if (compareTexts(names, row, namesBefore, match) !== 0) renamed++
  }
  await work.pause()

  const lineup = lineupOf([...published, { snapshot: id, kind, takenAt }])
  const suspicious = lineup?.current === id ? await fallen(scores, lineup, work) : 0
  return { ...nobody, new: fresh, missing: before.players - (matches.length - fresh), renamed, suspicious }
}

/** Before the first current sheet, the newest baseline is what there is to compare with. */
function baselineOnly(published: readonly Published[]): { current: number } | undefined {
  const newest = published.toSorted((a, b) => a.takenAt - b.takenAt).at(-1)
  return newest && { current: newest.snapshot }
}

/** How many players have a cumulative metric that went down since their start. */
async function fallen(scores: Database, lineup: Lineup, work: Work): Promise<number> {
  const snapshot = snapshotOf(scores, lineup.current)
  const starts = await startsOf(scores, lineup, work)
  const counters = snapshot.metrics.filter(({ cumulative }) => cumulative).map(({ name }) => name)
  let players = 0
  await eachPlayer(scores, snapshot, starts, counters, work, (_row, now, at, then, from) => {
    if (now.some((values, metric) => hasFallen(values[at]!, then[metric]![from]!, true))) players++
  })
  return players
}
