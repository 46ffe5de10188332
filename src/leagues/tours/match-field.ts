/** Matches a field that was entered by hand to the feed: finds the same players, and updates the picks made with it. */
import { and, eq, isNull } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { entries, fieldPlayers, golfers as readings, tourEvents } from '../../../db/schema.ts'
import { atomically } from '../../../db/transactions.ts'
import { clearAlert, raiseAlert } from '../../alerts.ts'
import { audit, systemActor } from '../../audit.ts'
import type { App } from '../../context.ts'
import { invalid, refuse } from '../../errors.ts'
import { byName } from '../../platform/by-name.ts'
import { touch, touchEach } from '../../platform/cache/stamps.ts'
import type { Who } from '../../platform/http/request-context.ts'
import type { League } from '../league.ts'
import { changeLeague } from '../queries.ts'
import { tourRulesOf } from './config.ts'
import { changeEntry } from './entry-queries.ts'
import { matchPlayers, type NamedPlayer, nameKey } from './match-names.ts'
import { findEvent, golfersOf, handEvent, matchedHandEvents, openLeaguesOn } from './queries.ts'
import { ratingsOf, storeNewRatings } from './ratings.ts'
import { eventKey, type Tour, type TourEvent } from './tour.ts'

/** `found`: by the id of a player of the list, the id on the feed. */
type Match = { byHand: TourEvent; shown: TourEvent; found: ReadonlyMap<string, string> }

/** Called when the feed shows an event: matches the field that was entered by hand for it. */
export function matchField(tx: Db, tour: Tour, shown: TourEvent, now: number): void {
  if (shown.source === 'hand') return
  const players = golfersOf(tx, shown.id)
  const byHand = handEvent(tx, tour.id)
  if (byHand && players.length > 0) {
    const list = golfersOf(tx, byHand.id)
    const found = matchPlayers(list, players)
    if (isSameEvent(byHand, shown, found.size, list.length)) switchToFeed(tx, tour, { byHand, shown, found }, now)
  }
  for (const turned of matchedHandEvents(tx, tour.id).filter(({ turnedInto }) => turnedInto === shown.id)) {
    const found = matchPlayers(
      openUnmatched(tx, tour).filter(({ hand_event_id }) => hand_event_id === turned.id),
      withoutMatched(tx, turned.id, players),
    )
    if (found.size > 0) movePicks(tx, tour, { byHand: turned, shown, found })
  }
}

/** The same event has the same name, or the feed showed it after the list was entered and has half of its players. */
const isSameEvent = (byHand: TourEvent, shown: TourEvent, found: number, all: number) =>
  nameKey(byHand.name) === nameKey(shown.name) || (shown.firstSeenAt > byHand.firstSeenAt && found * 2 >= all)

function switchToFeed(tx: Db, tour: Tour, match: Match, now: number): void {
  const { byHand, shown, found } = match
  for (const league of leaguesPlaying(tx, tour, byHand))
    changeLeague(tx, league.id, { config: { ...league.config, event: eventKey(shown) } })
  tx.update(tourEvents).set({ turnedInto: shown.id }).where(eq(tourEvents.id, byHand.id)).run()
  const ratings = [...ratingsOf(tx, byHand.id).values()].flatMap(({ player_id, ...rating }) => {
    const id = found.get(player_id)
    return id ? { player_id: id, ...rating } : []
  })
  storeNewRatings(tx, shown.id, ratings)
  movePicks(tx, tour, match)
  audit(tx, {
    at: now,
    who: systemActor,
    action: 'tour.field_match',
    target: `tour ${tour.slug}`,
    detail: {
      event: byHand.name,
      feed_event: shown.name,
      matched: found.size,
      unmatched: openUnmatched(tx, tour).length,
    },
  })
  updateUnmatchedAlert(tx, tour, now)
}

/** Replaces players of the list by those of the feed in all entries; returns the players replaced. If an entry has picked both, neither is replaced. */
function movePicks(tx: Db, tour: Tour, { byHand, shown, found }: Match): string[] {
  const teams = leaguesPlaying(tx, tour, shown).flatMap(({ id }) =>
    tx.select().from(entries).where(eq(entries.leagueId, id)).all(),
  )
  const isDouble = ([id, feedId]: [string, string]) =>
    teams.some(({ picks }) => picks.includes(id) && picks.includes(feedId))
  const settled = new Map([...found].filter(match => !isDouble(match)))
  for (const [playerId, feedPlayerId] of settled) updateFieldPlayer(tx, byHand, playerId, { feedPlayerId })
  for (const entry of teams.filter(({ picks }) => picks.some(id => settled.has(id))))
    changeEntry(tx, entry, { picks: entry.picks.map(id => settled.get(id) ?? id) })
  return [...settled.keys()]
}

const updateFieldPlayer = (
  tx: Db,
  { id }: TourEvent,
  playerId: string,
  to: { feedPlayerId: string } | { absent: true },
) =>
  tx
    .update(fieldPlayers)
    .set(to)
    .where(and(eq(fieldPlayers.eventId, id), eq(fieldPlayers.playerId, playerId)))
    .run()

function withoutMatched(tx: Db, handEventId: number, players: readonly NamedPlayer[]): NamedPlayer[] {
  const rows = tx
    .select({ id: fieldPlayers.feedPlayerId })
    .from(fieldPlayers)
    .where(eq(fieldPlayers.eventId, handEventId))
    .all()
  const taken = new Set(rows.map(({ id }) => id))
  return players.filter(({ player_id }) => !taken.has(player_id))
}

/** Leagues that are not final and were bound to the event by their first entry, or name it. */
export const leaguesPlaying = (tx: Db, { slug }: Tour, event: TourEvent): League[] =>
  openLeaguesOn(tx, slug).filter(league => tourRulesOf(league).event?.toLowerCase() === eventKey(event).toLowerCase())

export type Unmatched = NamedPlayer & {
  /** In the field entered by hand. */
  hand_event_id: number
  /** The event on the feed. */
  event_id: number
  event: string
  /** How many entries picked the player. */
  entries: number
}

/** Picked players of a list who are not on the feed, until an officer matches them. By name. */
export function openUnmatched(db: Db, tour: Tour): Unmatched[] {
  return matchedHandEvents(db, tour.id)
    .flatMap(byHand => {
      const shown = findEvent(db, byHand.turnedInto)
      return shown ? unmatchedOf(db, tour, byHand, shown) : []
    })
    .sort(byName)
}

function unmatchedOf(db: Db, tour: Tour, byHand: TourEvent, shown: TourEvent): Unmatched[] {
  const open = db
    .select({ player_id: readings.playerId, name: readings.name })
    .from(readings)
    .innerJoin(
      fieldPlayers,
      and(eq(fieldPlayers.eventId, readings.eventId), eq(fieldPlayers.playerId, readings.playerId)),
    )
    .where(
      and(
        eq(readings.eventId, byHand.id),
        isNull(readings.until),
        isNull(fieldPlayers.feedPlayerId),
        eq(fieldPlayers.absent, false),
      ),
    )
    .all()
  if (open.length === 0) return []
  const picks = leaguesPlaying(db, tour, shown).flatMap(({ id }) =>
    db.select({ picks: entries.picks }).from(entries).where(eq(entries.leagueId, id)).all(),
  )
  return open
    .map(player => ({
      ...player,
      hand_event_id: byHand.id,
      event_id: shown.id,
      event: shown.name,
      entries: picks.filter(({ picks }) => picks.includes(player.player_id)).length,
    }))
    .filter(({ entries }) => entries > 0)
}

/** An officer matches a player to the feed, or says that they do not play. */
export async function matchPlayerByHand(
  { db, clock }: App,
  who: Who,
  tour: Tour,
  playerId: string,
  golfer: string | null,
) {
  await atomically(db, tx => {
    const open = openUnmatched(tx, tour).find(({ player_id }) => player_id === playerId)
    if (!open) return refuse('not_found', `Nobody ${playerId} waits to be matched on ${tour.name}`)
    const byHand = matchedHandEvents(tx, tour.id).find(({ id }) => id === open.hand_event_id)
    const shown = byHand && findEvent(tx, byHand.turnedInto)
    if (!byHand || !shown) return
    if (golfer === null) updateFieldPlayer(tx, byHand, playerId, { absent: true })
    else {
      const known = golfersOf(tx, shown.id).find(({ player_id }) => player_id === golfer)
      if (!known) return invalid('golfer', `There is no golfer ${golfer} in the field of ${shown.name}.`)
      const found = new Map([[playerId, golfer]])
      if (movePicks(tx, tour, { byHand, shown, found }).length === 0)
        refuse('conflict', `An entry has picked both ${open.name} and ${known.name}; it has to be changed first`)
    }
    audit(tx, {
      at: clock.now(),
      who,
      action: 'tour.field_settle',
      target: `tour ${tour.slug}`,
      detail: { player: open.name, golfer },
    })
    touch(tx, 'tour', tour.slug)
    touchEach(
      tx,
      'scores',
      leaguesPlaying(tx, tour, shown).map(({ id }) => id),
    )
    updateUnmatchedAlert(tx, tour, clock.now())
  })
}

export const unmatchedAlertKey = (slug: string) => `field_unmatched:${slug}`

/** One alert while picks wait to be matched. */
function updateUnmatchedAlert(tx: Db, tour: Tour, now: number): void {
  const open = openUnmatched(tx, tour)
  const key = unmatchedAlertKey(tour.slug)
  const [first] = open
  if (!first) {
    clearAlert(tx, now, key)
    return
  }
  raiseAlert(tx, now, {
    key,
    type: 'feed_held',
    severity: 'warning',
    title: `Picks for ${first.event} are not on the feed`,
    message: `${open.map(({ name }) => name).join(', ')}: match them at /tours/${tour.slug}/upcoming. Until then they score nothing.`,
    data: { tour: tour.slug, players: open.map(({ player_id }) => player_id) },
  })
}

/** Clears the alert if nobody is left to match; called after entries changed or leagues ended. */
export function clearUnmatchedWhenSettled(tx: Db, tour: Tour, now: number): void {
  if (openUnmatched(tx, tour).length === 0) clearAlert(tx, now, unmatchedAlertKey(tour.slug))
}
