/** The strength of golfers before play, for picking and for groups. The first known value is kept, so that groups stay the same. */
import { eq, sql } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { fieldPlayers } from '../../../db/schema.ts'
import { byName } from '../../platform/by-name.ts'
import type { Rating } from './feeds/board.ts'

export type Ratings = ReadonlyMap<string, Rating>

export const ratingsOf = (db: Db, eventId: number): Ratings =>
  new Map(
    db
      .select({ player_id: fieldPlayers.playerId, rank: fieldPlayers.rank, odds: fieldPlayers.odds })
      .from(fieldPlayers)
      .where(eq(fieldPlayers.eventId, eventId))
      .all()
      .map(rating => [rating.player_id, rating]),
  )

/** Stores what is not known yet; returns whether there was anything. */
export function storeNewRatings(tx: Db, eventId: number, ratings: readonly Rating[]): boolean {
  const known = ratingsOf(tx, eventId)
  const isNew = ({ player_id, rank, odds }: Rating) => {
    const before = known.get(player_id)
    return (rank !== null && (before?.rank ?? null) === null) || (odds !== null && (before?.odds ?? null) === null)
  }
  const news = ratings.filter(isNew)
  for (const { player_id: playerId, rank, odds } of news)
    tx.insert(fieldPlayers)
      .values({ eventId, playerId, rank, odds })
      .onConflictDoUpdate({
        target: [fieldPlayers.eventId, fieldPlayers.playerId],
        set: { rank: sql`coalesce(rank, excluded.rank)`, odds: sql`coalesce(odds, excluded.odds)` },
      })
      .run()
  return news.length > 0
}

/** Favourites first, by odds if there are any, else by rank; golfers with neither come last, by name. */
export function byStrength<G extends { player_id: string; name: string }>(
  golfers: readonly G[],
  ratings: Ratings,
): G[] {
  return [...golfers].sort(compareByMeasure(ratings, measureOf(ratings)))
}

export type Measure = 'odds' | 'rank'
const measureOf = (ratings: Ratings): Measure =>
  [...ratings.values()].some(({ odds }) => odds !== null) ? 'odds' : 'rank'

export const compareByMeasure =
  (ratings: Ratings, measure: Measure) =>
  (a: { player_id: string; name: string }, b: { player_id: string; name: string }): number => {
    const [mine, theirs] = [a, b].map(
      ({ player_id }) => ratings.get(player_id)?.[measure] ?? Number.MAX_SAFE_INTEGER,
    ) as [number, number]
    return mine - theirs || byName(a, b)
  }
