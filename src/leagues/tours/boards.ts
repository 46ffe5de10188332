/** Boards of tour leagues. A board is cached in memory until a score, an entry or the league changes. */
import { LRUCache } from 'lru-cache'
import type { Db } from '../../../db/open.ts'
import type { Board } from '../../leaderboard/page.ts'
import type { Stamps } from '../../platform/cache/stamps.ts'
import type { Clock } from '../../platform/clock.ts'
import { finalBoardOf } from '../final-board.ts'
import type { League } from '../league.ts'
import { leagueById } from '../queries.ts'
import { tourRulesOf } from './config.ts'
import { boardOfScores, type ScoredEntry, scoreAll, withoutScore } from './entry-board.ts'
import { namesOfDeletedUsers, type Team, teamsOf } from './entry-queries.ts'
import type { Golfer } from './feeds/board.ts'
import { arePicksOpen, leagueEvent, loadPicks, type Picks } from './picks.ts'
import { changeBefore, golfersOf } from './queries.ts'
import type { TourEvent } from './tour.ts'

type TourBoard = {
  board: Board & { bytes(): number }
  asOf: number | null
  /** The golfers that scores come from; undefined while picks can still be made. */
  golfers: readonly Golfer[] | undefined
}

type WithId = Pick<League, 'id'>

/** The league is read again: the caller may have read it before a change. */
type TourBoards = {
  of(league: WithId, at?: number): Promise<TourBoard>
  /** The event, its field and the deadline for picks; cached like boards. */
  picksFor(league: WithId): Picks
}

const maxBytes = 32 * 2 ** 20

export function openTourBoards(db: Db, stamps: Stamps, clock: Clock): TourBoards {
  const cachedBoards = new LRUCache<string, TourBoard>({
    maxSize: maxBytes,
    sizeCalculation: ({ board }) => board.bytes() + 1,
  })
  const building = new Map<string, Promise<TourBoard>>()
  const fields = new LRUCache<string, Picks>({ max: 200 })
  const stampOf = (id: number) => `${id}:${stamps.versionOf([['scores', String(id)]])}` // taken before the data is read

  function picksFor({ id }: WithId): Picks {
    const key = stampOf(id)
    const known = fields.get(key) ?? loadPicks(db, leagueById(db, id))
    fields.set(key, known)
    return known
  }

  async function currentBoard(league: League, stamp: string): Promise<TourBoard> {
    const field = picksFor(league)
    const open = arePicksOpen(field, clock.now())
    const key = `${stamp}${open}`
    const known = cachedBoards.get(key)
    if (known) return known
    const build = building.get(key) ?? liveBoard(db, league, open, field.event).finally(() => building.delete(key))
    building.set(key, build)
    const built = await build
    cachedBoards.set(key, built)
    return built
  }

  return {
    picksFor,
    async of({ id }, at) {
      const stamp = stampOf(id)
      const league = leagueById(db, id)
      const { finalizedAt } = league
      if (finalizedAt !== null && (at === undefined || at >= finalizedAt)) return finalBoard(league, stamp)
      return at === undefined ? currentBoard(league, stamp) : pastBoard(db, league, Math.min(at, clock.now()))
    },
  }

  /** The board as it was frozen; only the names of accounts deleted since are missing. */
  async function finalBoard(league: League, stamp: string): Promise<TourBoard> {
    const key = `${stamp}:${league.finalHash}`
    const known = cachedBoards.get(key)
    if (known) return known
    const { as_of, entries, before, golfers } = finalBoardOf<FrozenBoard>(db, league.id)
    const nameless = namesOfDeletedUsers(db, league.id)
    const named = entries.map(entry => ({ ...entry, name: nameless.get(entry.id) ?? entry.name }))
    const built = { board: await boardOfScores(named, before), asOf: as_of, golfers }
    cachedBoards.set(key, built)
    return built
  }
}

/** While picks can still be made nobody has a score: scores would reveal the picks. */
const hiddenBoard = async (teams: readonly Team[], asOf: number | null): Promise<TourBoard> => ({
  board: await boardOfScores(teams.map(withoutScore), undefined),
  asOf,
  golfers: undefined,
})

async function liveBoard(db: Db, league: League, open: boolean, event: TourEvent | undefined): Promise<TourBoard> {
  if (open) return hiddenBoard(await teamsOf(db, league.id), event?.changedAt ?? null)
  if (!event) return { ...(await hiddenBoard(await teamsOf(db, league.id), null)), golfers: [] }
  const { entries, before, golfers } = await entryScores(db, league, event)
  return { board: await boardOfScores(entries, before), asOf: event.changedAt, golfers }
}

/** What is stored of the board of a final league. */
export type FrozenBoard = EntryScores & { as_of: number }

type EntryScores = { entries: ScoredEntry[]; before: ScoredEntry[]; golfers: Golfer[] }

/** Everyone's score now, and before scores last changed. */
export async function entryScores(db: Db, league: League, event: TourEvent): Promise<EntryScores> {
  const rules = tourRulesOf(league)
  const [golfers, then] = [golfersOf(db, event.id), golfersOf(db, event.id, event.movedAt - 1)]
  const teams = await teamsOf(db, league.id)
  return {
    entries: await scoreAll(teams, golfers, rules, event.round),
    before: await scoreAll(teams, then, rules, event.round),
    golfers,
  }
}

async function pastBoard(db: Db, league: League, at: number): Promise<TourBoard> {
  const teams = await teamsOf(db, league.id, at)
  const { event } = leagueEvent(db, league)
  const asOf = event ? changeBefore(db, event.id, at) : null
  if (!event || asOf === null || loadPicks(db, league).closesAt > at) return hiddenBoard(teams, asOf)
  const rules = tourRulesOf(league)
  const [golfers, earlier] = [golfersOf(db, event.id, at), golfersOf(db, event.id, asOf - 1)]
  const entries = await scoreAll(teams, golfers, rules, latestRound(golfers))
  const before = await scoreAll(teams, earlier, rules, latestRound(earlier))
  return { board: await boardOfScores(entries, before), asOf, golfers }
}

const latestRound = (golfers: readonly Golfer[]) => Math.max(1, ...golfers.map(({ round }) => round ?? 1))

declare module '../../context.ts' {
  interface App {
    readonly tourBoards: TourBoards
  }
}
