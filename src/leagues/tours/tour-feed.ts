/** A tour as a polled feed: how its answers are parsed, where its state is stored, and its alerts. */
import type { Db } from '../../../db/open.ts'
import type { FeedRecord } from '../feeds/feed-state.ts'
import { tourRulesOf } from './config.ts'
import { type FeedBoard, ScoreFeedError } from './feeds/board.ts'
import { feedParsers } from './feeds/formats.ts'
import { leagueEvent } from './picks.ts'
import { changeTour, eventsOf, feedAlertKey, handEvent, isUpcoming, openLeaguesOn } from './queries.ts'
import { eventKey, type Tour } from './tour.ts'

/** `isFollowed`: a league waits for its scores, so that it is polled again. */
export const tourFeed = (tour: Tour, isFollowed = true): FeedRecord => ({
  state: tour,
  change: (tx, change) => void changeTour(tx, tour.id, change),
  failing: {
    key: feedAlertKey(tour.slug),
    from: 1,
    alert: (message, since, failures) => ({
      severity: 'error',
      title: `The feed of ${tour.name} cannot be read`,
      message: `${message}. The last good board stays; ${
        isFollowed ? 'it is tried again.' : 'no league waits for it, so it is not tried again by itself.'
      }`,
      data: { tour: tour.slug, failures, failing_since: since },
    }),
  },
  held: {
    key: feedAlertKey(tour.slug),
    alert: (message, since) => ({
      severity: 'warning',
      title: `The feed of ${tour.name} is held back`,
      message: `${message}. The last good board stays until the feed recovers or an officer accepts it as it is.`,
      data: { tour: tour.slug, held_since: since },
    }),
  },
})

export type FeedReading = {
  /** The feed's current event, unless only that one is unreadable; then the others. */
  boards: FeedBoard[]
  /** Why the current event is unreadable. */
  unreadable: string | undefined
  /** No event was unreadable, so that coming ones which are not here are not on the feed. */
  isWhole: boolean
}

/** One answer may contain several events: returns each that a league is played on, once. */
export function parseBoards(db: Db, tour: Tour, json: unknown): FeedReading {
  const { format } = tour
  const boards = new Map<string, FeedBoard>()
  let failure: ScoreFeedError | undefined // of the current event
  for (const event of eventsWanted(db, tour)) {
    try {
      const board = feedParsers[format].read(json, event)
      boards.set(board.event.id ?? board.event.name, board)
    } catch (error) {
      if (!(error instanceof ScoreFeedError)) throw error
      if (event === undefined) failure = error
    }
  }
  if (boards.size === 0 && failure) throw failure
  const next = nextEvents(format, json)
  for (const board of next ?? []) {
    const key = board.event.id ?? board.event.name
    if (!boards.has(key)) boards.set(key, board)
  }
  return { boards: [...boards.values()], unreadable: failure?.message, isWhole: next !== undefined && !failure }
}

/** An unreadable coming event does not affect the current one: then undefined. */
function nextEvents(format: Tour['format'], json: unknown): FeedBoard[] | undefined {
  try {
    return feedParsers[format].readNext(json)
  } catch (error) {
    if (error instanceof ScoreFeedError) return undefined
    throw error
  }
}

/**
 * The feed's current event, as undefined. Then the events that leagues are played on, by the name they give and by the id that was found, as
 * the feed may rename an event; a field entered by hand is not on the feed.
 * Upcoming events of the feed are read again, so that they do not stay "upcoming".
 */
function eventsWanted(db: Db, { id, slug, eventId }: Tour): (string | undefined)[] {
  const byHand = handEvent(db, id)?.name.toLowerCase()
  const named = openLeaguesOn(db, slug).filter(league => tourRulesOf(league).event !== null)
  const played = named.flatMap(league => {
    const { event } = leagueEvent(db, league)
    return [tourRulesOf(league).event ?? undefined, ...(event?.source === 'feed' ? [eventKey(event)] : [])]
  })
  const wanted = new Set([undefined, ...played.filter(event => event?.toLowerCase() !== byHand)])
  for (const event of eventsOf(db, id))
    if (event.source === 'feed' && event.id !== eventId && isUpcoming(event)) wanted.add(eventKey(event))
  return [...wanted]
}
