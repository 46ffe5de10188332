/** The event that a league is played on, and until when picks can be made. */
import type { Db } from '../../../db/open.ts'
import { day, iso } from '../../platform/clock.ts'
import type { League } from '../league.ts'
import { changeLeague, leagueById } from '../queries.ts'
import { pickWindowOf, tourRulesOf } from './config.ts'
import { countEntries } from './entry-queries.ts'
import { type FeedBoard, isNamed } from './feeds/board.ts'
import { pollAfterEndMs } from './finish.ts'
import { type PickGroups, pickGroupsOf } from './groups.ts'
import { isClosedByPlay, picksCloseAt } from './pick-rules.ts'
import {
  eventsBetween,
  finalLeaguesOn,
  findEvent,
  findTour,
  golfersOf,
  openLeaguesOn,
  unfinalLeaguesOn,
  upcomingEvent,
} from './queries.ts'
import { type Ratings, ratingsOf } from './ratings.ts'
import { storedBoard } from './stored-events.ts'
import { eventKey, feedEventOf, type Tour, type TourEvent } from './tour.ts'

/** An event last seen this long before a league starts is a different one of the same name. */
const sameNameGap = 30 * day
/** The longest time before its event that a field is known. */
const knownBeforeMs = { hand: sameNameGap, feed: 10 * day }

/** The league's event once the feed has shown it; otherwise why there is none. */
export function leagueEvent(db: Db, league: League): { event: TourEvent } | { event: undefined; why: string } {
  const rules = tourRulesOf(league)
  const tour = findTour(db, rules.tour)
  if (!tour) return { event: undefined, why: `The tour ${rules.tour} was deleted` }
  if (rules.event !== null) {
    const until = league.finalizedAt ?? league.endsAt + pollAfterEndMs // what is first seen later is next year's
    const events = eventsBetween(db, tour.id, league.startsAt - sameNameGap, until)
    const event = events.find(event => isNamed(feedEventOf(event), rules.event))
    return event ? { event } : { event: undefined, why: `The feed has not shown ${rules.event} yet` }
  }
  const current = findEvent(db, tour.eventId)
  const upcoming = upcomingEvent(db, tour)
  if (current && !startedEarlier(db, current, league, upcoming !== undefined)) return { event: current }
  if (upcoming && upcoming.changedAt >= league.startsAt - knownBeforeMs[upcoming.source]) return { event: upcoming }
  if (!current) return { event: undefined, why: 'The feed has not shown its field yet' }
  return {
    event: undefined,
    why: `The feed is on ${current.name}, which started before this league. An officer can enter the field of the coming event on the page of the tour, or name ${current.name} as the event of this league to play on it`,
  }
}

/** Whether an event started more than a day before the league, so that it is another week's. Before play, tee times decide. */
function startedEarlier(db: Db, event: TourEvent, { startsAt }: League, hasNext: boolean): boolean {
  const teeTimes =
    event.begunAt === null && hasNext ? golfersOf(db, event.id).flatMap(({ tee_time }) => tee_time ?? []) : []
  const begins = event.begunAt ?? (teeTimes.length > 0 ? Math.min(...teeTimes.map(at => Date.parse(at))) : startsAt)
  return begins < startsAt - day
}

export type Picks = {
  event: TourEvent | undefined
  board: FeedBoard | null
  ratings: Ratings
  /** Only in leagues with groups, once the field has the odds or ranks they are made from. */
  groups: PickGroups | undefined
  /** When the picks close by the clock, or closed by the first stroke, ms since 1970. */
  closesAt: number
  /** Play has started, whatever the clock says. */
  closedByPlay: boolean
  /** Why there is no field. */
  why: string | undefined
}

/** Independent of the clock, so that it can be cached until something is written. */
export function loadPicks(db: Db, league: League): Picks {
  const found = leagueEvent(db, league)
  const { event } = found
  const board = event ? storedBoard(db, event) : null
  const window = { ...pickWindowOf(league), ...(event && { event: eventKey(event) }) }
  const deadline = picksCloseAt(window, board)
  const closedByPlay = isClosedByPlay(window, board)
  const closesAt = closedByPlay ? Math.min(deadline, event?.begunAt ?? deadline) : deadline
  const ratings = event ? ratingsOf(db, event.id) : new Map()
  const rules = tourRulesOf(league).groups
  const groups = rules && board ? pickGroupsOf(rules, board.golfers, ratings) : undefined
  const missingRatings =
    rules && !groups && 'by' in rules
      ? `The groups are made by ${rules.by === 'odds' ? 'odds' : 'world rank'}, which are not known yet for this field. An officer can enter them on the page of the tour’s coming event`
      : undefined
  return { event, board, ratings, groups, closesAt, closedByPlay, why: 'why' in found ? found.why : missingRatings }
}

/** The field is known, and so are the groups if the league has any. */
export const isFieldKnown = ({ board, why }: Picks): boolean => why === undefined && (board?.golfers.length ?? 0) > 0

export const arePicksOpen = ({ closesAt, closedByPlay }: Picks, now: number): boolean => !closedByPlay && now < closesAt

/** When the picks next change by the clock alone. */
export const picksNextChangeAt = ({ closesAt, closedByPlay }: Picks): number =>
  closedByPlay ? Number.POSITIVE_INFINITY : closesAt

/** Ties the league to this event: it stays on it when the feed moves on to another. */
export function bindEvent(tx: Db, { id }: League, event: TourEvent): League {
  const league = leagueById(tx, id) // an officer may have changed it since it was read
  if (tourRulesOf(league).event !== null) return league
  return changeLeague(tx, league.id, { config: { ...league.config, event: eventKey(event) } })
}

/** Before a field changes: closed picks have been seen by all, so other tee times do not open them again. */
export function keepPicksClosed(tx: Db, { slug }: Tour, now: number): void {
  for (const league of openLeaguesOn(tx, slug)) {
    if (tourRulesOf(league).deadline !== null || countEntries(tx, league.id) === 0) continue
    const picks = loadPicks(tx, league)
    if (arePicksOpen(picks, now)) continue
    const deadline = iso(Math.min(picks.closesAt, now)) // the clock may have been set back since play closed them
    changeLeague(tx, league.id, { config: { ...league.config, deadline } })
  }
}

/** Before the feed renames an event: the leagues that name it by its name follow it by its id. */
export function followById(tx: Db, { slug }: Tour, event: TourEvent): void {
  const isByName = (league: League) =>
    tourRulesOf(league).event?.toLowerCase() === event.name.toLowerCase() &&
    leagueEvent(tx, league).event?.id === event.id
  for (const league of [...unfinalLeaguesOn(tx, slug), ...finalLeaguesOn(tx, slug)].filter(isByName))
    changeLeague(tx, league.id, { config: { ...league.config, event: event.feedId } })
}
