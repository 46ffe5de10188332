import { day, minute } from '../../platform/clock.ts'
import { type FeedBoard, isEvent, isMidRound } from './feeds/board.ts'

const quietBeforeFinish = 30 * minute
export const pollAfterEndMs = day

/** Times in milliseconds. */
export type FinishLeague = { starts_at: number; ends_at: number; event: string | null }
type FinishFeedState = {
  /** The last good board. */
  board: FeedBoard | null
  /** When a score, a golfer or the event's state last changed; null before the first board. */
  changed_at: number | null
}

/**
 * Whether a live league is over: the feed says official; or its end has passed, nobody is in mid-round and the feed has not changed
 * for half an hour. After the end without either, `alert` asks an officer to decide.
 */
export function finishDecision(
  now: number,
  league: FinishLeague,
  { board, changed_at }: FinishFeedState,
): 'wait' | 'finalise' | 'alert' {
  const overdue = now >= league.ends_at ? 'alert' : 'wait'
  if (changed_at === null || !isEvent(board, league.event)) return overdue
  // An official board from before the league's start is last week's event.
  if (board.event.status === 'official') return changed_at >= league.starts_at ? 'finalise' : overdue
  if (now < league.ends_at) return 'wait'
  const settled = now - changed_at >= quietBeforeFinish && !isUnsettled(board)
  return settled ? 'finalise' : 'alert'
}

/** A league that is not final is polled for a day past its end. */
export const keepsPolling = (now: number, league: FinishLeague) => now < league.ends_at + pollAfterEndMs

/** Play is under way, will resume, or never took place. */
function isUnsettled({ event, golfers }: FeedBoard): boolean {
  if (event.status === 'suspended' || event.status === 'upcoming' || event.status === 'cancelled') return true
  return golfers.some(golfer => isMidRound(golfer) && (golfer.round ?? event.round) === event.round)
}
