import { day, minute } from '../../platform/clock.ts'
import type { League } from '../league.ts'
import { type FeedBoard, isEvent, isMidRound } from './feeds/board.ts'

const quietBeforeFinish = 30 * minute
export const pollAfterEndMs = day

export type LeagueDates = Pick<League, 'startsAt' | 'endsAt'>
type FinishFeedState = {
  /** The last good board. */
  board: FeedBoard | null
  /** When a score, a golfer or the event's state last changed; null before the first board. */
  changedAt: number | null
}

/**
 * Whether a live league is over: the feed says official; or its end has passed, nobody is in mid-round and the feed has not changed
 * for half an hour. After the end without either, `alert` asks an officer to decide.
 */
export function finishDecision(
  now: number,
  league: LeagueDates & { event: string | null },
  { board, changedAt }: FinishFeedState,
): 'wait' | 'finalise' | 'alert' {
  const overdue = now >= league.endsAt ? 'alert' : 'wait'
  if (changedAt === null || !isEvent(board, league.event)) return overdue
  // An official board from before the league's start is last week's event.
  if (board.event.status === 'official') return changedAt >= league.startsAt ? 'finalise' : overdue
  if (now < league.endsAt) return 'wait'
  const settled = now - changedAt >= quietBeforeFinish && !isUnsettled(board)
  return settled ? 'finalise' : 'alert'
}

/** A league that is not final is polled for a day past its end, and once after that: nothing may have run during this day. */
export const keepsPolling = (now: number, league: Pick<LeagueDates, 'endsAt'>, askedAt: number | null) =>
  Math.min(now, askedAt ?? 0) < league.endsAt + pollAfterEndMs

/** Play is under way, will resume, or never took place. */
function isUnsettled({ event, golfers }: FeedBoard): boolean {
  if (event.status === 'suspended' || event.status === 'upcoming' || event.status === 'cancelled') return true
  return golfers.some(golfer => isMidRound(golfer) && (golfer.round ?? event.round) === event.round)
}
