/** The common shape of all feed formats. Unknown is `null` everywhere; 0 always means even par or no hole played. */
import type { eventStates, golferStates } from '../../../../db/schema.ts'
import { FeedError } from '../../feeds/fetch-feed.ts'

export type EventStatus = (typeof eventStates)[number]

/** `cut`, `wd` (withdrawn) and `dq` (disqualified) are out of the event; `finished` has completed it. */
export type GolferStatus = (typeof golferStates)[number]

export type FeedEvent = {
  /** The feed's own id of the event; null if it has none (DataGolf): then the name is used. */
  id: string | null
  name: string
  /** The round being played or about to be, from 1. */
  round: number | null
  status: EventStatus
  /** Opaque: only compare for equality. Some feeds put times without a zone here. */
  version: string | null
}

export type Golfer = {
  player_id: string
  /** "First Last". */
  name: string
  /** As the feed shows it: "1", "T13", "CUT". */
  position: string | null
  /** Strokes to par over the whole event. */
  total: number | null
  /** Strokes to par in `round`. */
  today: number | null
  /** Holes completed in `round`, 0–18. */
  thru: number | null
  round: number | null
  /** Strokes of rounds 1 to 4; null until a round is complete. */
  rounds: Rounds
  status: GolferStatus
  /** ISO 8601 in UTC: the next tee time, or that of the round being played. */
  tee_time: string | null
}

export type Rounds = [number | null, number | null, number | null, number | null]

/** A part of the feed that could not be parsed; the rest was. */
export type FeedProblem = { path: string; message: string }

/** The strength of a golfer before play: world ranking, and decimal odds (what 1 pays). */
export type Rating = { player_id: string; rank: number | null; odds: number | null }

/** `ratings`: only golfers with a rating in the feed. */
export type FeedBoard = { event: FeedEvent; golfers: Golfer[]; problems: FeedProblem[]; ratings?: Rating[] }

/** The feed as a whole cannot be parsed. `path` says where: `data[3].dg_id`; empty for the whole answer. */
export class ScoreFeedError extends FeedError {
  constructor(
    readonly path: string,
    readonly problem: string,
  ) {
    super(path ? `${path} ${problem}` : `The feed ${problem}`)
  }
}

export const isOut = ({ status }: Pick<Golfer, 'status'>) => status === 'cut' || status === 'wd' || status === 'dq'

/** On the course: has started a round and not finished it. */
export const isMidRound = ({ status, thru }: Golfer) => status === 'active' && thru !== null && thru > 0 && thru < 18

/** The feed itself says that no hole has been played: the score is even, not unknown. */
export const hasYetToTeeOff = ({ status, thru, round, rounds }: Golfer) =>
  status === 'active' && thru === 0 && (round ?? 1) === 1 && rounds.every(strokes => strokes === null)

/** Holes completed since the event started; null if the feed does not say. */
export const holesPlayed = ({ round, thru }: Golfer) =>
  round === null || thru === null ? null : (round - 1) * 18 + thru

/** Whether this is the event that a league is played on, by id or name; null matches any. */
export const isNamed = ({ id, name }: FeedEvent, wanted: string | null): boolean =>
  wanted === null || [id, name].some(known => known?.toLowerCase() === wanted.toLowerCase())

export const isEvent = (board: FeedBoard | null, wanted: string | null): board is FeedBoard =>
  board !== null && isNamed(board.event, wanted)

/** Whether a stroke has been played. A minimal feed may contain only totals. */
export const hasPlayStarted = (golfers: readonly Golfer[]) =>
  golfers.some(({ thru, rounds, total }) => (thru ?? 0) > 0 || rounds[0] !== null || (total ?? 0) !== 0)
