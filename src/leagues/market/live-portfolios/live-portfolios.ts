/** The portfolios of recently viewed leagues in memory, and the boards made from them. */
import { LRUCache } from 'lru-cache'
import { type Db, openReader } from '../../../../db/open.ts'
import type { Stamps } from '../../../platform/cache/stamps.ts'
import type { Clock } from '../../../platform/clock.ts'
import type { League } from '../../league.ts'
import { finalMarketBoard } from '../final-board.ts'
import { startOfDay } from '../quote.ts'
import type { LeaguePortfolios } from './league-portfolios.ts'
import { loadPortfolios, loadUsernames } from './load-portfolios.ts'
import { boardOfPortfolios, type MarketBoard, type PortfolioOrder, portfolioOrder } from './market-board.ts'
import { Prices } from './prices.ts'

const maxBytes = 128 * 2 ** 20

/** The portfolios of one league with the names of their owners, and the last board made from them. */
type CachedPortfolios = {
  portfolios: LeaguePortfolios
  order: PortfolioOrder | undefined
  built: (MarketBoard & { of: string }) | undefined
}

type LivePortfolios = ReturnType<typeof openLivePortfolios>

export function openLivePortfolios(dataDir: string, db: Db, stamps: Stamps, clock: Clock) {
  const prices = new Prices(db)
  const cached = new LRUCache<number, CachedPortfolios>({
    maxSize: maxBytes,
    sizeCalculation: ({ portfolios }) => Math.min(portfolios.bytes, maxBytes), // even the largest one fits, alone
  })
  const opening = new Map<number, Promise<CachedPortfolios>>()
  let reader: Db | undefined
  let lastLoad: Promise<unknown> = Promise.resolve()

  /** One load at a time: each is a transaction of the one reader connection. */
  function readInTurn<T>(work: (reader: Db) => Promise<T>): Promise<T> {
    const mine = lastLoad.then(() => work((reader ??= openReader(dataDir))))
    lastLoad = mine.catch(() => {})
    return mine
  }

  function open(leagueId: number): Promise<CachedPortfolios> {
    const known = cached.get(leagueId)
    if (known) return Promise.resolve(known)
    const started =
      opening.get(leagueId) ?? readInTurn(reader => loadPortfolios(reader, leagueId, prices, clock.now())).then(keep)
    opening.set(leagueId, started)
    return started.finally(() => opening.delete(leagueId))
  }
  function keep(portfolios: LeaguePortfolios): CachedPortfolios {
    const one = { portfolios, order: undefined, built: undefined }
    cached.set(portfolios.leagueId, one)
    return one
  }

  /** Catches up with the last commit. */
  function catchUp({ portfolios }: CachedPortfolios): void {
    prices.catchUp()
    portfolios.catchUp(db, clock.now())
  }

  const membersOf = (leagueId: number) => stamps.versionOf([['members', String(leagueId)]])
  /** Whether the names of everyone in the portfolios are known. */
  const isComplete = (one: CachedPortfolios): one is CachedPortfolios & { order: PortfolioOrder } =>
    one.order?.version === membersOf(one.portfolios.leagueId) && one.order.size === one.portfolios.users.length

  async function current(leagueId: number): Promise<CachedPortfolios & { order: PortfolioOrder }> {
    for (;;) {
      const one = await open(leagueId)
      catchUp(one)
      if (isComplete(one)) return one
      const version = membersOf(leagueId)
      one.order = portfolioOrder(
        version,
        one.portfolios.users,
        await readInTurn(reader => loadUsernames(reader, leagueId)),
      )
      cached.set(leagueId, one) // its size has grown
    }
  }

  function buildOrReuse(one: CachedPortfolios & { order: PortfolioOrder }): MarketBoard {
    const now = clock.now()
    const of = `${one.portfolios.lastLine} ${prices.version} ${startOfDay(now)} ${one.order.version}`
    if (one.built?.of !== of) one.built = { of, ...boardOfPortfolios(one.portfolios, one.order, now) }
    return one.built
  }

  const finals = new LRUCache<string, MarketBoard>({ max: 20 })
  function finalBoard({ id, finalHash }: League): MarketBoard {
    const key = `${id} ${finalHash} ${membersOf(id)}`
    const known = finals.get(key) ?? finalMarketBoard(db, id)
    finals.set(key, known)
    return known
  }

  return {
    async portfolios(leagueId: number): Promise<LeaguePortfolios> {
      return (await current(leagueId)).portfolios
    },
    async board(league: League): Promise<MarketBoard> {
      return league.finalizedAt === null ? buildOrReuse(await current(league.id)) : finalBoard(league)
    },
    /** The board at this moment, also within a transaction; undefined if it has to be loaded first. */
    boardNow(leagueId: number): (MarketBoard & { portfolios: LeaguePortfolios }) | undefined {
      const one = cached.get(leagueId)
      if (!one) return undefined
      catchUp(one)
      return isComplete(one) ? { ...buildOrReuse(one), portfolios: one.portfolios } : undefined
    },
    forget: (leagueId: number) => void cached.delete(leagueId),
    async close() {
      await lastLoad
      reader?.$client.close()
    },
  }
}

declare module '../../../context.ts' {
  interface App {
    readonly livePortfolios: LivePortfolios
  }
}
