import type { Db } from '../../../db/open.ts'
import type { PageSlice } from '../../platform/http/pagination.ts'
import { isOut } from './feeds/board.ts'
import { golfersOf, upcomingEvent } from './queries.ts'
import { byStrength, ratingsOf } from './ratings.ts'
import type { Tour } from './tour.ts'

export type UpcomingPlayer = {
  player_id: string
  name: string
  rank: number | null
  odds: number | null
  withdrawn: boolean
}

/** A page of the field of the coming event, the favourite first. */
export function upcomingPage(db: Db, tour: Tour, { limit, offset }: PageSlice) {
  const event = upcomingEvent(db, tour)
  if (!event) return { event: null, players: [], total: 0 }
  const ratings = ratingsOf(db, event.id)
  const all = byStrength(golfersOf(db, event.id), ratings)
  const players = all.slice(offset, offset + limit).map((golfer): UpcomingPlayer => {
    const { rank = null, odds = null } = ratings.get(golfer.player_id) ?? {}
    return { player_id: golfer.player_id, name: golfer.name, rank, odds, withdrawn: isOut(golfer) }
  })
  return { event: { name: event.name, source: event.source }, players, total: all.length }
}
