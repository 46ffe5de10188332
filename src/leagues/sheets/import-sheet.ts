/** In the worker thread: turns a file into a snapshot and compares it with the board before it. */
import type { Database } from 'bun:sqlite'
import { basename } from 'node:path'
import type { UploadDoubt, UploadKind, UploadSummary } from '../../../db/schema.ts'
import { freeBuffers } from '../../leaderboard/free-buffers.ts'
import { scoringOf } from '../../leaderboard/score.ts'
import type { ThreadWork } from '../../platform/process/threads.ts'
import { throwWhenAwaited } from '../../platform/process/with-timeout.ts'
import { SheetRefusal } from '../../platform/spreadsheets/refusal.ts'
import { type Headings, headingsOf, metricName } from '../headings.ts'
import { type Players, sheetPlayers, storedPlayers } from './baseline-rows.ts'
import { firstChangedPeople, type NamedPerson } from './changed-people.ts'
import { changesSince, type SheetComparison, sumOfChanges } from './changes-since.ts'
import { baselineDoubtsOf, countFallenCounters, doubtsOf, extraDoubtsOf, missingColumnsWarning } from './doubts.ts'
import { keepNewColumns, scanMetrics, scanOfExtras, withExtras } from './extra-columns.ts'
import { fillInNames } from './known-names.ts'
import { renameAsKnown } from './metric-names.ts'
import { takeReadAhead } from './reading/read-ahead.ts'
import { type Finding, findingsPerText, RowsRefused, type SheetReport } from './reading/report.ts'
import { type ReadOptions, readSheet, type Sheet } from './reading/sheet.ts'
import { returnedPlayersWarning } from './returned-players.ts'
import { type BoardConfig, type ScoredBoard, scoreInput, scoreNewBoard } from './scoring.ts'
import { dateByContent, type SheetDate } from './sheet-date.ts'
import {
  byTakenAt,
  extraBefore,
  type Published,
  type SnapshotSelection,
  scanBefore,
  scansOf,
  selectSnapshots,
} from './snapshot-selection.ts'
import { collectGarbageLater, dropColumns } from './snapshots/memory.ts'
import { type SheetColumns, type Snapshot, snapshotOf, storedSnapshot } from './snapshots/snapshot.ts'
import { deleteSnapshot } from './snapshots/sweep.ts'
import { type StartedStore, type StoreThread, storeSheet } from './store-rows.ts'

/** What a task of the worker thread is given. `beside`: the thread that stores large sheets meanwhile. */
export type TaskContext = ThreadWork & { scores: Database; beside?: StoreThread }

export type ImportInput = {
  path: string
  options: Pick<ReadOptions, 'filename' | 'mapping' | 'worksheet' | 'mode'>
  kind: UploadKind
  date: SheetDate
  /** What the league's boards are made of so far, and how it scores. */
  published: Published[]
  config: BoardConfig
  /** Only a trial: the snapshot is not kept. */
  dryRun: boolean
}

type Report = Pick<SheetReport, 'format' | 'worksheet' | 'mapping' | 'ignored' | 'rowsTotal' | 'rowsOk' | 'rowsBad'>

/** With the time at which the sheet was taken, which its content may say. */
type ComparedImport = ImportInput & { takenAt: number }

export type Imported = {
  snapshot: number | null
  report: Report
  headings: Headings | undefined
  /** Texts of JSON, which the HTTP thread stores as they are. */
  findings: string[]
  summary: UploadSummary
  /** Of a trial: the first people behind each count of its summary. */
  people: NamedPerson[]
  date: SheetDate
  /** Why somebody should confirm it before it is published. */
  doubts: UploadDoubt[]
  /** Set where the sheet changes the board. */
  board: ScoredBoard | undefined
}

export type ImportProgress = {
  stage: 'checking file type' | 'reading' | 'checking' | 'storing' | 'comparing'
  done: number
  rows: number
}

/** Percent done at the end of each stage, as measured on a million rows. */
const doneAfter = { 'checking file type': 1, reading: 35, checking: 45, storing: 85, comparing: 99 }

export async function importSheet(scores: Database, input: ImportInput, context: TaskContext): Promise<Imported> {
  const work = { ...context, progress: throttledProgress(context.progress) }
  const { ids, order, names, hasNames, metrics, labels, rows, lines, errors, ...report } = await readWithProgress(
    input,
    work,
  )
  const sheet = { ids, order, names, metrics, labels }
  freeBuffers(lines)
  renameAsKnown(scores, sheet, report, input)
  const leftOut = input.kind === 'extra' ? keepNewColumns(sheet, report, scanMetrics(scores, input.published)) : []
  const date = dateByContent(input.date, report.takenAt, work.now)
  const comparing = { ...input, takenAt: date.takenAt }
  let storing: StartedStore | undefined
  try {
    fillInNames(scores, sheet, hasNames, comparing)
    storing = await storeSheet(scores, sheet, withProgress(work, rows))
    const { snapshot, stored } = storing
    if (mayReadStored(comparing)) await stored
    const { id } = snapshot
    const players = sheetPlayers(scores, snapshot, sheet)
    const { doubts, warnings, board, ...compared } =
      input.kind === 'extra'
        ? await compareExtra(scores, players, comparing, work)
        : await compare(scores, sheet, players, comparing, { ...work, beside: storing.beside })
    await stored
    const summary = {
      ...compared,
      suspicious: compared.suspicious + report.suspiciousCount,
      duplicates: report.duplicateCount,
      warnings: [
        ...report.notes,
        ...warnings,
        ...(leftOut.length > 0 ? [`Left out, as the scans have these columns already: ${leftOut.join(', ')}`] : []),
      ],
    }
    const { published, kind } = input
    const people = input.dryRun
      ? await firstChangedPeople(scores, published, { snapshot: id, kind, takenAt: date.takenAt }, summary, work)
      : []
    if (input.dryRun) await deleteSnapshot(scores, id)
    const findings = findingTexts([...errors, ...report.duplicates, ...report.suspicious])
    return {
      snapshot: input.dryRun ? null : id,
      report: reportOf(report),
      headings: headingsOf(sheet),
      findings,
      summary,
      people,
      date,
      doubts: [...report.doubts, ...doubts],
      board,
    }
  } catch (error) {
    if (storing) {
      await storing.stored.catch(() => {})
      await deleteSnapshot(scores, storing.snapshot.id)
    }
    throw error
  } finally {
    collectGarbageLater(dropColumns({ ...sheet, metrics }) + rows * garbageBytes)
  }
}

const reportOf = ({ format, worksheet, mapping, ignored, rowsTotal, rowsOk, rowsBad }: Report): Report => ({
  format,
  worksheet,
  mapping,
  ignored,
  rowsTotal,
  rowsOk,
  rowsBad,
})

function findingTexts(findings: readonly Finding[]): string[] {
  const texts: string[] = []
  for (let first = 0; first < findings.length; first += findingsPerText)
    texts.push(JSON.stringify(findings.slice(first, first + findingsPerText)))
  return texts
}

/** As the HTTP thread stores it. */
class RefusedSheet extends SheetRefusal {
  readonly report: Report
  readonly findings: string[]
  constructor({ code, message, report }: RowsRefused) {
    super(code, message)
    this.report = reportOf(report)
    this.findings = findingTexts(report.errors)
  }
}

const progressEvery = 40 // ms: a small sheet is imported sooner, without any message

function throttledProgress(progress: TaskContext['progress']): TaskContext['progress'] {
  let last = performance.now()
  return message => {
    const now = performance.now()
    if (now - last < progressEvery) return
    last = now
    progress(message)
  }
}

async function readWithProgress({ path, options }: ImportInput, { signal, progress }: TaskContext): Promise<Sheet> {
  const readOptions: ReadOptions = {
    ...options,
    signal,
    onProgress: ({ stage, bytes, totalBytes, rows }) => {
      const share = stage === 'reading' ? bytes / Math.max(1, totalBytes) : 1
      progress({
        stage,
        rows,
        done: doneAfter['checking file type'] + share * (doneAfter[stage] - doneAfter['checking file type']),
      } satisfies ImportProgress)
    },
  }
  try {
    return (await takeReadAhead(basename(path), readOptions)) ?? (await readSheet(path, readOptions))
  } catch (error) {
    throw error instanceof RowsRefused ? new RefusedSheet(error) : error
  }
}

/** Lets other tasks run while a snapshot is written, and reports the progress. */
const withProgress = ({ now, signal, pause, progress, beside }: TaskContext, rows: number) => ({
  now,
  signal,
  beside,
  async pause(written: number) {
    const stage = written < rows ? 'storing' : 'comparing'
    const done = doneAfter.checking + (written / Math.max(1, rows)) * (doneAfter.storing - doneAfter.checking)
    progress({ stage, rows: written, done } satisfies ImportProgress)
    await pause()
  },
})

/** Whether the comparison may read the sheet's rows from the database, so that they are stored first: with extra sheets, or no scan before it. */
const mayReadStored = ({ kind, published }: ImportInput) =>
  kind !== 'current' || published.some(upload => upload.kind === 'extra') || scansOf(published).length === 0

/** What matching and ranking leave to the garbage collector, for each player. */
const garbageBytes = 80

/** Who is new, gone or renamed since the board before, and whose counters went down since the start. */
async function compare(
  scores: Database,
  sheet: SheetColumns,
  players: Players,
  { published, kind, takenAt, config }: ComparedImport,
  work: TaskContext,
) {
  const { snapshot } = players
  const { id, players: count } = snapshot
  const selection = selectSnapshots([...published, { snapshot: id, kind, takenAt }])
  const earlier = kind === 'current' ? scanBefore(published, { snapshot: id, takenAt }) : undefined
  const before = earlier && storedSnapshot(scores, earlier.snapshot) // undefined for an old sheet that was thinned out
  const { shown, changes } = await scoreAndCount(scores, sheet, players, { selection, before, config }, work)
  const metrics = shown?.metrics ?? namesOf(sheet.metrics)
  const { absent } = scoringOf(metrics, config)
  const headings = headingsOf(sheet, ...(before ? [before] : []))
  const warnings = absent.map(
    metric => `The league weighs ${metricName(metric, headings)}, which this sheet does not have`,
  )
  const facts = { suspicious: shown?.suspicious ?? 0, board: shown?.board }
  if (!before || !changes) {
    const doubts = kind === 'baseline' && selection?.baseline === id ? baselineDoubts(scores, players, selection) : []
    return { players: count, new: 0, missing: 0, renamed: 0, ...facts, warnings, doubts }
  }
  const missing = before.players - (count - changes.new)
  const scoredBefore = scoringOf(namesOf(before.metrics), config).weights.map(({ metric }) => metric)
  const lostScores = scoredBefore.filter(metric => !metrics.includes(metric))
  const scans = byTakenAt(scansOf(published).filter(scan => scan.takenAt <= takenAt && scan.snapshot !== before.id))
  const earlierScans = [before.id, ...scans.reverse().map(scan => scan.snapshot)]
  const returned = changes.new > 0 ? await returnedPlayersWarning(scores, sheet, players, earlierScans, work) : []
  return {
    players: count,
    new: changes.new,
    missing,
    renamed: changes.renamed,
    ...facts,
    warnings: [...warnings, ...missingColumnsWarning(snapshot, before), ...returned],
    doubts: doubtsOf(snapshot, before, { ...changes, missing }, lostScores),
  }
}

type BoardBefore = {
  selection: SnapshotSelection | undefined
  before: Snapshot | undefined
  config: BoardConfig
}

/** Scores the board that the sheet makes, and counts what changed since the scan before, of a large sheet in two threads. */
async function scoreAndCount(
  scores: Database,
  sheet: SheetColumns,
  players: Players,
  { selection, before, config }: BoardBefore,
  work: TaskContext,
) {
  const { beside, signal } = work
  const isShown = selection?.scan === players.snapshot.id
  // Then the counters are compared with those of the scan before in the pass that scores the board.
  const startsFromBefore = isShown && selection.baseline === before?.id && selection.extras.length === 0
  const comparison = before && comparisonWith(before, players, sheet, { countsFallen: !startsFromBefore })
  const countedBeside = comparison && beside && throwWhenAwaited(beside.ask('changesSince', comparison, { signal }))
  const shown = isShown ? await prepareBoard(scores, players, selection, config, work) : undefined
  const countedHere = comparison && (await changesSince(scores, comparison, work))
  const counted = countedHere && countedBeside ? sumOfChanges(countedHere, await countedBeside) : countedHere
  return { shown, changes: counted && startsFromBefore ? { ...counted, ...shown?.fallen } : counted }
}

const namesOf = (metrics: readonly { name: string }[]) => metrics.map(({ name }) => name)

/** A baseline without most players of the board would leave them without a gain. */
function baselineDoubts(scores: Database, { rowsIn, snapshot }: Players, { scan }: SnapshotSelection): UploadDoubt[] {
  if (scan === snapshot.id) return []
  const found = rowsIn(scan).reduce((sum, row) => sum + (row >= 0 ? 1 : 0), 0)
  return baselineDoubtsOf(found, snapshotOf(scores, scan).players)
}

const comparisonWith = (
  before: Snapshot,
  { snapshot, rowsIn }: Players,
  sheet: SheetColumns,
  { countsFallen }: { countsFallen: boolean },
): SheetComparison => ({
  snapshot,
  sheet,
  before,
  rows: rowsIn(before.id),
  countsFallen,
  untaken: new Int32Array(new SharedArrayBuffer(4)),
})

/** Scores the board that the sheet makes, with the columns of extra sheets where there are some. */
async function prepareBoard(
  scores: Database,
  players: Players,
  selection: SnapshotSelection,
  config: BoardConfig,
  work: TaskContext,
) {
  const shown = await withExtras(scores, selection, work)
  const all = shown.current === selection.scan ? players : storedPlayers(scores, snapshotOf(scores, shown.current))
  const scored = await scoreNewBoard(scores, all, scoreInput(shown, config), work)
  return { ...scored, metrics: namesOf(all.snapshot.metrics) }
}

/** Who of an extra sheet is not on the board, and whose counters went down since the extra sheet before. */
async function compareExtra(
  scores: Database,
  players: Players,
  { published, kind, takenAt, config }: ComparedImport,
  work: TaskContext,
) {
  const { id, players: count } = players.snapshot
  const scan = scanOfExtras(scores, published)
  const selection = selectSnapshots([...published, { snapshot: id, kind, takenAt }])
  const shown = selection?.extras.includes(id)
    ? await prepareBoard(scores, players, selection, config, work)
    : undefined
  const earlier = extraBefore(published, { snapshot: id, takenAt })
  const since = earlier && storedSnapshot(scores, earlier.snapshot)
  const fallen = since ? await countFallenCounters(scores, players, since, work) : { fallen: 0, counters: 0 }
  const unknown = scan ? players.rowsIn(scan.id).reduce((sum, row) => (row < 0 ? sum + 1 : sum), 0) : 0
  const counts = { players: count, new: 0, missing: 0, renamed: 0, suspicious: 0, unknown }
  const warnings = scan
    ? []
    : ['There is no scan yet whose players this could be added to: it counts as soon as there is one']
  return {
    ...counts,
    warnings,
    board: shown?.board,
    doubts: scan ? extraDoubtsOf({ players: count, unknown, ...fallen }) : [],
  }
}
