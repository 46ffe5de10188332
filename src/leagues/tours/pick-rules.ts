import type { FieldError } from '../../errors.ts'
import { day } from '../../platform/clock.ts'
import { type FeedBoard, type Golfer, hasPlayStarted, isEvent, isOut } from './feeds/board.ts'
import type { LeagueDates } from './finish.ts'
import type { PickGroup } from './groups.ts'

export const maxPicks = 50

/** Returns what is wrong with an entry's picks; empty if they are valid. */
export function checkPicks(
  picks: readonly string[],
  count: number,
  field: ReadonlyMap<string, Golfer>,
  groups: readonly PickGroup[] = [],
): FieldError[] {
  if (field.size === 0) return [{ path: 'picks', message: 'Picks cannot be checked yet: the field is not known.' }]
  const wrong: FieldError[] = []
  if (picks.length !== count && groups.length === 0)
    wrong.push({ path: 'picks', message: `Pick ${count} golfers; these are ${picks.length}.` })
  picks.forEach((id, i) => {
    const golfer = field.get(id)
    const earlier = picks.indexOf(id)
    const path = `picks.${i}`
    if (!golfer) wrong.push({ path, message: `${id} is not in the field.` })
    else if (earlier < i) wrong.push({ path, message: `${golfer.name} is already picked.` })
    else if (isOut(golfer)) wrong.push({ path, message: `${golfer.name} is out of the event.` })
  })
  return [...wrong, ...checkGroups(picks, field, groups)]
}

/** One from each group. */
function checkGroups(
  picks: readonly string[],
  field: ReadonlyMap<string, Golfer>,
  groups: readonly PickGroup[],
): FieldError[] {
  if (groups.length === 0) return []
  const wrong: FieldError[] = picks.flatMap((id, i) => {
    const golfer = field.get(id)
    const isIn = groups.some(({ players }) => players.has(id))
    return golfer && !isIn ? [{ path: `picks.${i}`, message: `${golfer.name} is in no group.` }] : []
  })
  groups.forEach(({ name, players }, i) => {
    const chosen = picks.filter(id => players.has(id)).length
    if (chosen !== 1)
      wrong.push({ path: `picks.${i}`, message: `Pick one from group ${name}${chosen > 1 ? `, not ${chosen}` : ''}.` })
  })
  return wrong
}

/** Times in milliseconds. `deadline` null means the first tee time; `event` null means the feed's current event. */
export type PickWindow = LeagueDates & { deadline: number | null; event: string | null }

/** The deadline as set, else the first tee time of round 1, else the start of the league; its end at the latest. */
export const picksCloseAt = (league: PickWindow, board: FeedBoard | null): number =>
  Math.min(league.deadline ?? firstTee(league, board) ?? league.startsAt, league.endsAt)

/** Unless a deadline is set, the first stroke also closes the picks: a feed may lack tee times. */
export const isClosedByPlay = ({ deadline, event }: PickWindow, board: FeedBoard | null): boolean =>
  deadline === null && event !== null && isEvent(board, event) && hasPlayStarted(board.golfers)

function firstTee(league: PickWindow, board: FeedBoard | null): number | null {
  if (!isEvent(board, league.event) || (board.event.round ?? 1) > 1) return null
  const times = board.golfers
    .filter(({ round }) => (round ?? 1) === 1)
    .flatMap(({ tee_time }) => (tee_time === null ? [] : Date.parse(tee_time)))
    // The feed may still show another week's event.
    .filter(at => at >= league.startsAt - day && at <= league.endsAt)
  return times.length > 0 ? Math.min(...times) : null
}
