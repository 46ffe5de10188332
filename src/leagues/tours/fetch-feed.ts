/** Asks a feed and reads what it answers. Nothing is believed yet. */
import type { Db } from '../../../db/open.ts'
import { atomically } from '../../../db/transactions.ts'
import type { App } from '../../context.ts'
import { getJson, OutgoingFailure } from '../../platform/http/outgoing.ts'
import { tourRulesOf } from './config.ts'
import { type FeedBoard, ScoreFeedError } from './feeds/board.ts'
import { parseFeed } from './feeds/formats.ts'
import { changeTour, openLeaguesOn } from './queries.ts'
import type { Tour } from './tour.ts'

export type FetchedFeed =
  /** `wish`: milliseconds the feed asked to be left alone. */
  | { kind: 'failed'; message: string; wish: number }
  | { kind: 'unchanged' }
  | { kind: 'fresh'; boards: FeedBoard[]; etag: string | null; lastModified: string | null }

export async function fetchFeed({ db, clock, config }: App, tour: Tour, signal: AbortSignal): Promise<FetchedFeed> {
  await atomically(db, tx => void changeTour(tx, tour.id, { askedAt: clock.now() }))
  const { etag, lastModified, checkedAt, acceptNext } = tour
  const known = checkedAt === null || acceptNext ? undefined : { etag, lastModified }
  try {
    const answer = await getJson(tour.feedUrl, { allowPrivate: config.allowPrivateFeeds, signal }, known)
    if (answer.kind === 'unchanged') return answer
    const boards = readAll(tour, answer.json, eventsWanted(db, tour.slug))
    return { kind: 'fresh', boards, ...answer.validators }
  } catch (error) {
    if (error instanceof ScoreFeedError) return { kind: 'failed', message: error.message, wish: 0 }
    if (error instanceof OutgoingFailure)
      return { kind: 'failed', message: error.message, wish: error.retryAfterMs ?? 0 }
    throw error
  }
}

/** The events leagues are played on; undefined is whatever the feed is on. */
function eventsWanted(db: Db, slug: string): (string | undefined)[] {
  const wanted = new Set(openLeaguesOn(db, slug).map(league => tourRulesOf(league).event ?? undefined))
  return wanted.size > 0 ? [...wanted] : [undefined]
}

/** One answer may hold several events: each that a league is played on, once. */
function readAll({ format }: Tour, json: unknown, wanted: (string | undefined)[]): FeedBoard[] {
  const boards = new Map<string, FeedBoard>()
  const failures: ScoreFeedError[] = []
  for (const event of wanted) {
    try {
      const board = parseFeed(format, json, event)
      boards.set(board.event.id ?? board.event.name, board)
    } catch (error) {
      if (!(error instanceof ScoreFeedError)) throw error
      failures.push(error)
    }
  }
  const [failure] = failures
  if (boards.size === 0 && failure) throw failure
  return [...boards.values()]
}
