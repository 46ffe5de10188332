import { type FeedBoard, type Golfer, hasYetToTeeOff, holesPlayed, isOut } from './board.ts'

export type BoardComparison =
  | {
      kind: 'accepted'
      /** The board to store: the new one, with the last known totals of golfers who are out and no longer scored by the feed. */
      board: FeedBoard
    }
  | { kind: 'held'; reason: 'emptied' | 'shrunk' | 'zeroed'; message: string }

/**
 * Compares the last good board of an event with the current answer of the feed. If more than a fifth of the golfers have vanished,
 * or of the scores were zeroed or blanked, the answer is held back and the last good board stays. `compareBoards(null, next)` accepts any board.
 */
export function compareBoards(last: FeedBoard | null, next: FeedBoard): BoardComparison {
  if (!last) return { kind: 'accepted', board: next }
  const now = new Map(next.golfers.map(golfer => [golfer.player_id, golfer]))
  const vanished = last.golfers.filter(({ player_id }) => !now.has(player_id))
  if (last.golfers.length > 0 && next.golfers.length === 0) {
    return { kind: 'held', reason: 'emptied', message: `The feed lists no golfer; it had ${last.golfers.length}` }
  }
  if (isOverAFifth(vanished, last.golfers)) {
    return {
      kind: 'held',
      reason: 'shrunk',
      message: `${count(vanished, last.golfers)} golfers have vanished from the feed`,
    }
  }
  const scored = last.golfers.filter(({ total }) => total !== null && total !== 0)
  const lost = scored.filter(golfer => isLost(golfer, now.get(golfer.player_id)))
  if (isOverAFifth(lost, scored)) {
    return { kind: 'held', reason: 'zeroed', message: `${count(lost, scored)} scores have been zeroed or blanked` }
  }
  const before = new Map(last.golfers.map(golfer => [golfer.player_id, golfer]))
  const golfers = next.golfers.map(golfer => withLastTotal(golfer, before.get(golfer.player_id)))
  return { kind: 'accepted', board: { ...next, golfers } }
}

/** Some feeds blank the score of a golfer who is out: the last one is kept. */
const withLastTotal = (golfer: Golfer, before: Golfer | undefined): Golfer =>
  isOut(golfer) && golfer.total === null && before && !hasYetToTeeOff(before)
    ? { ...golfer, total: before.total }
    : golfer

function isLost(before: Golfer, now: Golfer | undefined): boolean {
  if (!now) return true
  if (now.total === null) return !isOut(now)
  return now.total === 0 && !couldPlayBackToEven(before, now)
}

/** Nobody gains or loses more than two strokes per hole on average. Without new holes nobody gets back to even. */
function couldPlayBackToEven(before: Golfer, now: Golfer): boolean {
  const holes = (holesPlayed(now) ?? Number.NaN) - (holesPlayed(before) ?? Number.NaN)
  return Math.abs(before.total ?? 0) <= 2 * holes
}

const isOverAFifth = (part: Golfer[], whole: Golfer[]) => part.length * 5 > whole.length
const count = (part: Golfer[], whole: Golfer[]) => `${part.length} of ${whole.length}`
