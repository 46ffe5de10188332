/** The players behind the counts of a sheet, with their values before and now. Runs in the worker thread. */
import type { Database } from 'bun:sqlite'
import { hasFallen } from '../../leaderboard/gains.ts'
import { nullIfNaN } from '../../leaderboard/page.ts'
import { compareTexts } from '../../leaderboard/text.ts'
import {
  type BaselineRows,
  baselineRowsOf,
  baselineValues,
  eachPlayer,
  type Players,
  storedPlayers,
} from './baseline-rows.ts'
import type { PausableWork } from './latecomers.ts'
import {
  extraBefore,
  newestScan,
  type Published,
  publishedBefore,
  type SnapshotSelection,
  scanBefore,
  selectSnapshots,
} from './snapshot-selection.ts'
import { readNames, readRows } from './snapshots/read.ts'
import { type Snapshot, SnapshotGone, snapshotOf } from './snapshots/snapshot.ts'

/**
 * `went_down` compares with the scan before, `suspicious` with where the player started; `unknown` are players of an extra sheet
 * who are not in the newest scan.
 */
export const comparedChanges = ['new', 'missing', 'renamed', 'went_down', 'suspicious', 'unknown'] as const
export type ComparedChange = (typeof comparedChanges)[number]

type PeopleInput = {
  change: ComparedChange
  snapshot: number
  /** The scan before; for an extra sheet the newest scan, or the extra sheet before. */
  before: number
  /** The board with this snapshot. */
  selection: SnapshotSelection | undefined
  offset: number
  limit: number
}

type ChangedField = { field: string; before: string | number | null; now: string | number | null }
export type ComparedPerson = { player_id: string; name: string; changes: ChangedField[] }

/** The scan before; for an extra sheet the newest scan, or the extra sheet before. */
export function comparedWith(others: readonly Published[], sheet: Published, change: ComparedChange) {
  if (sheet.kind === 'current') return scanBefore(others, sheet)
  if (sheet.kind === 'baseline') return undefined
  return change === 'unknown' ? newestScan(others) : extraBefore(others, sheet)
}

/** The board that `sheet` makes after those before it. */
export const selectionWith = (others: readonly Published[], sheet: Published): SnapshotSelection | undefined =>
  selectSnapshots([...publishedBefore(others, sheet), sheet])

/** The changes that the summary of a sheet counts. */
export const countedChanges = ['new', 'missing', 'renamed', 'suspicious', 'unknown'] as const
export type CountedChange = (typeof countedChanges)[number]
export type NamedPerson = { change: CountedChange; player_id: string; name: string }
const maxNamed = 50 // people of each change

/** The first people behind the counts of a sheet that will not be kept. */
export async function firstChangedPeople(
  scores: Database,
  others: readonly Published[],
  sheet: Published,
  counts: { [Change in CountedChange]?: number },
  work: PausableWork,
): Promise<NamedPerson[]> {
  const named: NamedPerson[] = []
  for (const change of countedChanges) {
    const before = counts[change] ? comparedWith(others, sheet, change)?.snapshot : undefined
    if (before === undefined) continue
    const input = { change, snapshot: sheet.snapshot, before, selection: selectionWith(others, sheet) }
    const found = await findChangedPeople(scores, { ...input, offset: 0, limit: maxNamed }, work).catch(error => {
      if (error instanceof SnapshotGone) return { people: [] } // thinned out, in a season that is over
      throw error
    })
    named.push(...found.people.map(({ player_id, name }) => ({ change, player_id, name })))
  }
  return named
}

/** `rows` are rows of the snapshot, or for missing players of the scan before, who have no start. */
type FoundRows = { rows: Uint32Array; starts?: BaselineRows }

/** The last search: usually its next page is asked for next. */
let lastSearch: { key: string; found: FoundRows } | undefined

export async function findChangedPeople(scores: Database, input: PeopleInput, work: PausableWork) {
  const { change, offset, limit, ...rest } = input
  const key = JSON.stringify([change, rest])
  const now = snapshotOf(scores, input.snapshot)
  const before = snapshotOf(scores, input.before)
  const found = lastSearch?.key === key ? lastSearch.found : await findRows(scores, input, { now, before }, work)
  lastSearch = { key, found }
  const rows = found.rows.subarray(offset, offset + limit)
  return { total: found.rows.length, people: readPeople(scores, input.change, { now, before }, found.starts, rows) }
}

type ComparedScans = { now: Snapshot; before: Snapshot }

async function findRows(
  scores: Database,
  { change, selection }: PeopleInput,
  { now, before }: ComparedScans,
  work: PausableWork,
): Promise<FoundRows> {
  if (change === 'missing') {
    const rows = storedPlayers(scores, before).rowsIn(now.id)
    return { rows: rowsWhere(rows.length, row => rows[row]! < 0) }
  }
  const players = storedPlayers(scores, now)
  if (change === 'suspicious') {
    if (!selection) return { rows: new Uint32Array() }
    const starts = await baselineRowsOf(scores, players, selection, work)
    return { rows: await fallenSince(scores, players, starts, work), starts }
  }
  const starts: BaselineRows = { baseline: before.id, latecomers: null, rows: players.rowsIn(before.id) }
  if (change === 'went_down') return { rows: await fallenSince(scores, players, starts, work), starts }
  if (change === 'new' || change === 'unknown')
    return { rows: rowsWhere(now.players, row => starts.rows[row]! < 0), starts }
  const [names, earlier] = [readNames(scores, now), readNames(scores, before)]
  const isRenamed = (row: number) =>
    starts.rows[row]! >= 0 && compareTexts(names, row, earlier, starts.rows[row]!) !== 0
  return { rows: rowsWhere(now.players, isRenamed), starts }
}

function rowsWhere(rows: number, matches: (row: number) => boolean): Uint32Array {
  const found: number[] = []
  for (let row = 0; row < rows; row++) if (matches(row)) found.push(row)
  return Uint32Array.from(found)
}

const cumulativeMetrics = ({ metrics }: Snapshot) =>
  metrics.filter(({ cumulative }) => cumulative).map(({ name }) => name)

async function fallenSince(scores: Database, players: Players, starts: BaselineRows, work: PausableWork) {
  const rising = cumulativeMetrics(players.snapshot)
  const rows: number[] = []
  await eachPlayer(scores, players, starts, rising, work, (row, now, nowIndex, start, startIndex) => {
    if (rising.some((_, m) => hasFallen(now[m]![nowIndex]!, start[m]![startIndex]!, true))) rows.push(row)
  })
  return Uint32Array.from(rows).sort()
}

const maxShown = 50 // metrics of a player who is new or missing

function readPeople(
  scores: Database,
  change: ComparedChange,
  { now, before }: ComparedScans,
  starts: BaselineRows | undefined,
  rows: Uint32Array,
): ComparedPerson[] {
  const scan = change === 'missing' ? before : now
  const { ids, names, values } = readRows(scores, scan, rows)
  const { metrics } = scan
  const valueNow = (i: number, c: number) => nullIfNaN(values[i * metrics.length + c]!)
  const start = starts ? baselineValues(scores, now, starts, rows, values) : values
  const earlier =
    change === 'renamed' && starts
      ? readRows(
          scores,
          before,
          Array.from(rows, row => starts.rows[row]!),
        ).names
      : []
  const isNew = change === 'new' || change === 'unknown'
  const changesOf = (i: number): ChangedField[] => {
    if (change === 'renamed') return [{ field: 'name', before: earlier[i]!, now: names[i]! }]
    const all = metrics.map(({ name: field, cumulative }, c) => ({
      field,
      cumulative,
      before: isNew ? null : nullIfNaN(start[i * metrics.length + c]!),
      now: change === 'missing' ? null : valueNow(i, c),
    }))
    const shown =
      isNew || change === 'missing'
        ? all.slice(0, maxShown)
        : all.filter(
            field => field.cumulative && field.before !== null && field.now !== null && field.now < field.before,
          )
    return shown.map(({ cumulative: _, ...field }) => field)
  }
  return ids.map((player_id, i) => ({ player_id, name: names[i]!, changes: changesOf(i) }))
}
