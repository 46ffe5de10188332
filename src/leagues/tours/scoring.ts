import { type Static, t } from 'elysia'
import { golferStates } from '../../../db/schema.ts'
import { nullableNumber, oneOfWords } from '../../platform/http/shared-schemas.ts'
import { type Golfer, hasPlayStarted, hasYetToTeeOff, holesPlayed, isMidRound, isOut } from './feeds/board.ts'

export type ScoringRules = {
  /** How many picks count: the lowest ones. */
  best: number
  missed_cut: MissedCut
  tiebreak: 'guess' | 'best_pick'
}

/**
 * What a golfer who is cut, withdrawn or disqualified counts as:
 * - `actual`: their own total;
 * - `worst`: the highest total among golfers still in the event, or their own if that is higher, plus `strokes`;
 * - `plus`: their own total plus `strokes`, once.
 */
export type MissedCut = { rule: 'actual' | 'worst' | 'plus'; strokes?: number }

export type EntryScore = {
  /** Sum of the counting picks, to par; null while fewer than `best` of them are known. */
  total: number | null
  /** Tie-break for equal totals, lower first; null comes last. */
  tiebreak: number | null
  /** Picks whose score is known. */
  known: number
  /** Holes the counting picks have played since the event started. */
  holes: number
  /** Picks on the course now. */
  playing: number
  picks: PickScore[]
}

export const pickSchema = t.Object({
  player_id: t.String(),
  name: t.Nullable(t.String()),
  status: oneOfWords([...golferStates, 'missing']),
  /** By the missed-cut rule for a golfer who is out. */
  score: t.Nullable(t.Number({ description: 'The score of the pick; null if unknown' })),
  /** The golfer’s own total to par. */
  total: nullableNumber,
  today: nullableNumber,
  thru: t.Nullable(t.Integer()),
  round: t.Nullable(t.Integer()),
  counts: t.Boolean({ description: 'Whether it counts in the total' }),
})
export type PickScore = Static<typeof pickSchema>

/** The golfers of a board by id, with the aggregates that scoring needs. Made once for all entries. */
export type GolferField = {
  golfers: ReadonlyMap<string, Golfer>
  /** A stroke has been played: before that nobody has a score. */
  hasStarted: boolean
  leader: number | null
  worst: number | null
}

export function golferField(golfers: Iterable<Golfer>): GolferField {
  const byId = new Map([...golfers].map(golfer => [golfer.player_id, golfer]))
  const all = [...byId.values()]
  const hasStarted = hasPlayStarted(all)
  const stillIn = hasStarted ? all.filter(golfer => !isOut(golfer)).flatMap(golfer => golferTotal(golfer) ?? []) : []
  return {
    golfers: byId,
    hasStarted,
    leader: stillIn.length > 0 ? Math.min(...stillIn) : null,
    worst: stillIn.length > 0 ? Math.max(...stillIn) : null,
  }
}

export function scoreEntry(
  entry: { picks: readonly string[]; tiebreaker: number | null },
  field: GolferField,
  rules: ScoringRules,
): EntryScore {
  const picks = entry.picks.map(id => scorePick(id, field, rules.missed_cut))
  // Among equal picks the one named first counts; sort() is stable.
  const known = picks.filter(isKnown).sort((a, b) => a.score - b.score)
  const counting = known.slice(0, rules.best)
  for (const pick of counting) pick.counts = true

  const golfersOf = (some: PickScore[]) => some.flatMap(({ player_id }) => field.golfers.get(player_id) ?? [])
  return {
    total: counting.length === rules.best ? sum(counting.map(({ score }) => score)) : null,
    tiebreak: rules.tiebreak === 'guess' ? distance(entry.tiebreaker, field.leader) : (known[0]?.score ?? null),
    known: known.length,
    holes: sum(golfersOf(counting).map(golfer => holesPlayed(golfer) ?? 0)),
    playing: golfersOf(picks).filter(isMidRound).length,
    picks,
  }
}

const missingGolfer = { name: null, status: 'missing', today: null, thru: null, round: null } as const

export function scorePick(id: string, field: GolferField, rule: MissedCut): PickScore {
  const golfer = field.golfers.get(id)
  const { name, status, today, thru, round } = golfer ?? missingGolfer
  const total = golfer && field.hasStarted ? golferTotal(golfer) : null
  const score = golfer && isOut(golfer) ? missedCutScore(total, field.worst, rule) : total
  return { player_id: id, name, status, score, total, today, thru, round, counts: false }
}

function missedCutScore(own: number | null, worst: number | null, { rule, strokes = 0 }: MissedCut): number | null {
  if (rule === 'actual') return own
  if (rule === 'plus') return own === null ? null : own + strokes
  const known = [own, worst].filter(total => total !== null)
  return known.length > 0 ? Math.max(...known) + strokes : null
}

const golferTotal = (golfer: Golfer) => golfer.total ?? (hasYetToTeeOff(golfer) ? 0 : null)
const isKnown = (pick: PickScore): pick is PickScore & { score: number } => pick.score !== null
const distance = (guess: number | null, total: number | null) =>
  guess === null || total === null ? null : Math.abs(guess - total)
const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)
