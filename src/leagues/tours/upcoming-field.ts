/** The field of the coming event, entered by hand while the feed still shows another event. A tour has at most one. */
import { and, eq, notInArray } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { fieldPlayers, tourEvents } from '../../../db/schema.ts'
import { atomically } from '../../../db/transactions.ts'
import { audit } from '../../audit.ts'
import type { App } from '../../context.ts'
import { invalid, refuse } from '../../errors.ts'
import { touch } from '../../platform/cache/stamps.ts'
import { itemsOfPage, type PageSlice } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { changeLeague } from '../queries.ts'
import { pickedPlayers } from './entry-queries.ts'
import { type Golfer, isOut } from './feeds/board.ts'
import { addPlayer, type FieldPlayer, idFromName, isName, normaliseName, parseFieldText } from './field-text.ts'
import { leaguesPlaying, matchField, openUnmatched } from './match-field.ts'
import { keepPicksClosed } from './picks.ts'
import { deleteEvent, eventsOf, findEvent, golfersOf, handEvent, touchBoards, upcomingEvent } from './queries.ts'
import { byStrength, ratingsOf } from './ratings.ts'
import { storeBoard } from './stored-events.ts'
import type { Tour, TourEvent } from './tour.ts'

type GivenField = {
  event: string
  text?: string
  players?: { name: string; player_id?: string; rank?: number | null; odds?: number | null }[]
}

type SavedField = { event: string; players: number; matched_to: string | null; unmatched: number }

/** Replaces the field that was entered before. If the feed already shows the event, the field is matched to it at once. */
export async function saveField({ db, clock }: App, who: Who, tour: Tour, given: GivenField): Promise<SavedField> {
  const players = parsePlayers(given)
  const name = given.event.replace(/\s+/g, ' ').trim()
  return atomically(db, tx => {
    const now = clock.now()
    keepPicksClosed(tx, tour, now)
    const before = handEvent(tx, tour.id)
    const event = storeField(tx, tour, before, name, players, now)
    if (before && before.name !== name) renameInLeagues(tx, tour, before, event)
    audit(tx, {
      at: now,
      who,
      action: 'tour.field',
      target: `tour ${tour.slug}`,
      detail: { event: name, players: players.length },
    })
    for (const shown of eventsOf(tx, tour.id)) if (shown.begunAt === null) matchField(tx, tour, shown, now)
    touchField(tx, tour)
    const matchedTo = findEvent(tx, findEvent(tx, event.id)?.turnedInto ?? null)
    return {
      event: name,
      players: players.length,
      matched_to: matchedTo?.name ?? null,
      unmatched: openUnmatched(tx, tour).length,
    }
  })
}

export async function removeField({ db, clock }: App, who: Who, tour: Tour): Promise<void> {
  await atomically(db, tx => {
    const event = handEvent(tx, tour.id) ?? refuse('not_found', `No field was entered by hand for ${tour.name}`)
    const ids = golfersOf(tx, event.id).map(({ player_id }) => player_id)
    if (leaguesPlaying(tx, tour, event).some(({ id }) => pickedPlayers(tx, id, ids).size > 0))
      refuse('conflict', `Entries have been made on ${event.name}; replace the list instead`)
    deleteEvent(tx, event.id)
    audit(tx, {
      at: clock.now(),
      who,
      action: 'tour.field_remove',
      target: `tour ${tour.slug}`,
      detail: { event: event.name },
    })
    touchField(tx, tour)
  })
}

const touchField = (tx: Db, tour: Tour): void => {
  touch(tx, 'tour', tour.slug)
  touchBoards(tx, tour)
}

function parsePlayers({ text, players = [] }: GivenField): FieldPlayer[] {
  if (players.length > 0) {
    const known = new Map<string, FieldPlayer>()
    players.forEach(({ name: given, player_id, rank = null, odds = null }, i) => {
      const name = normaliseName(given)
      if (!isName(name)) invalid(`players.${i}.name`, `“${given}” is not a name.`)
      addPlayer(known, { player_id: player_id ?? idFromName(name), name, rank, odds }, problem =>
        invalid(`players.${i}.player_id`, problem),
      )
    })
    return [...known.values()]
  }
  const read = parseFieldText(text ?? '')
  if (read.problems.length > 0) {
    const more = read.problems.length - 5
    invalid('text', `${read.problems.slice(0, 5).join(' ')}${more > 0 ? ` And ${more} more.` : ''}`)
  }
  if (read.players.length === 0) invalid('text', 'Enter the names of those who play, one per line.')
  return read.players
}

/** Picked players who are no longer in the list stay, as withdrawn, so that their entries say so. */
function storeField(
  tx: Db,
  tour: Tour,
  before: TourEvent | undefined,
  name: string,
  players: FieldPlayer[],
  now: number,
) {
  const feedEvent = { id: null, name, round: null, status: 'upcoming' as const, version: null }
  const ids = new Set(players.map(({ player_id }) => player_id))
  const left = before ? golfersOf(tx, before.id).filter(({ player_id }) => !ids.has(player_id)) : []
  const leftIds = left.map(({ player_id }) => player_id)
  const picked = new Set(
    before && leaguesPlaying(tx, tour, before).flatMap(({ id }) => [...pickedPlayers(tx, id, leftIds)]),
  )
  const withdrawn = left
    .filter(({ player_id }) => picked.has(player_id))
    .map((golfer): Golfer => ({ ...golfer, status: 'wd' }))
  const board = { event: feedEvent, golfers: [...players.map(toGolfer), ...withdrawn], problems: [] }
  const { event } = storeBoard(tx, tour, before ?? newEvent(tx, tour, name, now), board, now)
  const kept = and(
    eq(fieldPlayers.eventId, event.id),
    notInArray(
      fieldPlayers.playerId,
      withdrawn.map(({ player_id }) => player_id),
    ),
  )
  tx.delete(fieldPlayers).where(kept).run()
  for (const { player_id: playerId, rank, odds } of players)
    tx.insert(fieldPlayers).values({ eventId: event.id, playerId, rank, odds }).run()
  return event
}

const newEvent = (tx: Db, { id: tourId }: Tour, name: string, now: number): TourEvent =>
  tx
    .insert(tourEvents)
    .values({ tourId, name, status: 'upcoming', source: 'hand', firstSeenAt: now, changedAt: now - 1, movedAt: now })
    .returning()
    .get()

const toGolfer = ({ player_id, name }: FieldPlayer): Golfer => ({
  player_id,
  name,
  position: null,
  total: null,
  today: null,
  thru: null,
  round: null,
  rounds: [null, null, null, null],
  status: 'active',
  tee_time: null,
})

function renameInLeagues(tx: Db, tour: Tour, before: TourEvent, { name }: TourEvent): void {
  for (const league of leaguesPlaying(tx, tour, before))
    changeLeague(tx, league.id, { config: { ...league.config, event: name } })
}

export type UpcomingPlayer = FieldPlayer & { withdrawn: boolean }

/** A page of the field of the coming event, favourites first. */
export function listUpcomingField(db: Db, tour: Tour, page: PageSlice) {
  const event = upcomingEvent(db, tour)
  if (!event) return { event: null, players: [], total: 0 }
  const ratings = ratingsOf(db, event.id)
  const all = byStrength(golfersOf(db, event.id), ratings)
  const players = itemsOfPage(all, page).map((golfer): UpcomingPlayer => {
    const { rank = null, odds = null } = ratings.get(golfer.player_id) ?? {}
    return { player_id: golfer.player_id, name: golfer.name, rank, odds, withdrawn: isOut(golfer) }
  })
  return { event: { name: event.name, source: event.source }, players, total: all.length }
}
