/** Turns entries and golfers into columns for the leaderboard engine. Lower is better; the tie-break decides between equal scores. */
import { type BoardColumns, buildBoard } from '../../leaderboard/board.ts'
import { textColumn } from '../../leaderboard/text.ts'
import type { Team } from './entry-queries.ts'
import type { Golfer } from './feeds/board.ts'
import { type EntryScore, golferField, type ScoringRules, scoreEntry } from './scoring.ts'

export type ScoredEntry = {
  id: number
  name: string
  total: number | null
  tiebreak: number | null
  /** Strokes to par of the counting picks in the current round. */
  today: number | null
  holes: number | null
  playing: number | null
}

const maxBlocking = 4 // ms without a pause

/** Pauses now and then so that other requests run. */
export async function scoreAll(
  teams: readonly Team[],
  golfers: readonly Golfer[],
  rules: ScoringRules,
  round: number | null,
): Promise<ScoredEntry[]> {
  const field = golferField(golfers)
  const all: ScoredEntry[] = []
  let paused = performance.now()
  for (const team of teams) {
    if (performance.now() - paused > maxBlocking) {
      await Bun.sleep(0)
      paused = performance.now()
    }
    all.push(toScoredEntry(team, scoreEntry(team, field, rules), round))
  }
  return all
}

function toScoredEntry({ id, name }: Pick<Team, 'id' | 'name'>, score: EntryScore, round: number | null): ScoredEntry {
  const { total, tiebreak, holes, playing, picks } = score
  const today = picks.filter(pick => pick.counts && pick.today !== null && pick.round === round)
  const sum = today.reduce((strokes, pick) => strokes + (pick.today ?? 0), 0)
  return { id, name, total, tiebreak, today: today.length > 0 ? sum : null, holes, playing }
}

/** While picks can still be made there are no scores, which would reveal the picks. */
export const withoutScore = ({ id, name }: Pick<Team, 'id' | 'name'>): ScoredEntry => ({
  id,
  name,
  total: null,
  tiebreak: null,
  today: null,
  holes: null,
  playing: null,
})

/** `before`: the same entries before the scores last changed. */
export async function boardOfScores(scored: readonly ScoredEntry[], before: readonly ScoredEntry[] | undefined) {
  const previous = before && buildBoard(entryColumns(before))
  await Bun.sleep(0)
  return buildBoard({ ...entryColumns(scored), previous })
}

function entryColumns(scored: readonly ScoredEntry[]): BoardColumns {
  const column = (of: (entry: ScoredEntry) => number | null) =>
    Float64Array.from(scored, entry => of(entry) ?? Number.NaN)
  const tiebreak = column(entry => entry.tiebreak)
  return {
    ids: textColumn(scored.map(({ id }) => String(id))),
    names: textColumn(scored.map(({ name }) => name)),
    score: column(entry => entry.total),
    better: 'lower',
    tiebreak: { values: tiebreak, better: 'lower' },
    metrics: [
      { name: 'today', values: column(entry => entry.today), better: 'lower' },
      { name: 'holes', values: column(entry => entry.holes) },
      { name: 'playing', values: column(entry => entry.playing) },
      { name: 'tiebreak', values: tiebreak, better: 'lower' },
    ],
  }
}
