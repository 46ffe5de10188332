import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { nullIfNaN, rankedPage } from '../../leaderboard/page.ts'
import { percentileOf, rankOf } from '../../leaderboard/ranking.ts'
import { day, iso, isoOrNull } from '../../platform/clock.ts'
import { html } from '../../platform/html.ts'
import { withTimeout } from '../../platform/process/with-timeout.ts'
import { notice } from '../../ui/parts/notices.ts'
import { finalBoardHash } from '../final-board.ts'
import type { LeagueKind, PlayerView, ReadPage } from '../kinds.ts'
import type { League } from '../league.ts'
import { checkedMarketConfig, marketConfig, marketConfigOf } from './config.ts'
import { applyMissedActions } from './corrections/missed-actions.ts'
import { dailyValuesOf, recentDailyValues } from './daily-values.ts'
import { deleteFinalMarketBoard, finalMarketJson, freezeMarket } from './final-board.ts'
import { marketKindPages } from './kind-pages.ts'
import { deleteMarketRows } from './league-cleanup.ts'
import { rankedRowOf } from './live-portfolios/market-board.ts'
import { findPortfolio, grantPortfolio, ledgerTotals } from './queries.ts'
import { endOfDay, percentOf, startOfDay } from './quote.ts'
import { hasQuotes } from './quote-queries.ts'

const trendDays = 30

/** Leagues in which members trade with play money at quoted prices. */
export const marketLeague: LeagueKind = {
  pages: marketKindPages,
  configSchema: marketConfig,
  config: checkedMarketConfig,
  onJoin(tx, league, userId, now) {
    grantPortfolio(tx, league.id, userId, marketConfigOf(league).starting_cash_cents, now)
  },
  describeLeaving: (db, league, userId) =>
    findPortfolio(db, league.id, userId) &&
    'The portfolio stays on the board as it is; nothing more can be traded with it.',
  page: async (app, league, query) => (await pagesOfNow(app, league))(query),
  pagesOfNow,
  player: portfolioCard,
  async standings({ livePortfolios }, league, userId) {
    const { board } = await livePortfolios.board(league)
    const standing = rankedRowOf(board, String(userId))
    return standing ? [standing] : []
  },
  async trends({ db, clock, livePortfolios }, league, players) {
    const { board, columns } = await livePortfolios.board(league)
    const users = players.map(Number)
    const since = startOfDay(league.finalizedAt ?? clock.now()) - trendDays * day
    const days = Map.groupBy(recentDailyValues(db, league.id, users, since), ({ user }) => user)
    return Object.fromEntries(
      players.map(player => {
        const row = board.rowOf(player)
        const known = days.get(Number(player))?.map(({ totalCents }) => totalCents) ?? []
        return [player, row < 0 ? known : [...known, columns.total[row]!]]
      }),
    )
  },
  stats: marketStats,
  aboveBoard: ({ db }, league) =>
    league.finalizedAt === null &&
    !hasQuotes(db) &&
    notice(
      html`This league needs prices before anyone can trade. Officers <a href="/leagues/${league.id}/prices">set them here</a>: by hand, from a spreadsheet, a feed or a program.`,
      'warn',
    ),
  /** Movement is counted since midnight UTC. */
  nextChangeAt: ({ clock }) => endOfDay(clock.now()),
  async finalize({ livePortfolios }, league) {
    const { board } = await livePortfolios.board(league)
    if (board.players === 0) refuse('conflict', 'Nobody has joined: an empty league cannot be finalised')
    return {
      hash: '',
      store(tx) {
        const now = livePortfolios.boardNow(league.id) ?? refuse('conflict', 'Somebody has just joined; try again')
        const json = finalMarketJson(now)
        freezeMarket(
          tx,
          league.id,
          json,
          now.portfolios.mostHeld().map(({ symbol }) => symbol),
        )
        return finalBoardHash(json)
      },
    }
  },
  onReopen(tx, league, now) {
    deleteFinalMarketBoard(tx, league.id)
    applyMissedActions(tx, league, now)
  },
  /** A long ledger is deleted after the answer is sent; if the process stops first, the nightly retention finishes it. */
  onDelete: (app, leagueId) => async () => {
    const failed = (error: unknown) =>
      app.log.warn('Rows of a deleted league stay until the nightly retention', { leagueId, error })
    await withTimeout(deleteMarketRows(app, leagueId).catch(failed), 1_000, () => {})
  },
}

async function pagesOfNow({ livePortfolios }: App, league: League): Promise<ReadPage> {
  const { board, asOf } = await livePortfolios.board(league)
  return async query => ({ ...rankedPage(board, query), asOf })
}

async function portfolioCard(app: App, league: League, playerId: string): Promise<PlayerView | undefined> {
  const { board, asOf } = await app.livePortfolios.board(league)
  const shown = rankedRowOf(board, playerId)
  if (!shown) return undefined
  const row = board.rowOf(playerId)
  const metrics = board.metrics.map(({ name }) => {
    const ranking = board.ranking(name, 'desc')
    const card = {
      current: nullIfNaN(ranking.values[row]!),
      rank: Number.isNaN(ranking.values[row]!) ? null : rankOf(ranking, row, 'standard'),
      percentile: percentileOf(ranking, row),
    }
    return [name, card] as const
  })
  return {
    ...shown,
    percentile: percentileOf(board.ranking('score', 'desc'), row),
    metrics: Object.fromEntries(metrics),
    history: dailyValuesOf(app.db, league.id, Number(playerId)).map(mark => ({
      taken_at: iso(mark.day),
      score: mark.totalCents,
      metrics: {},
    })),
    as_of: isoOrNull(asOf),
  }
}

async function marketStats(app: App, league: League): Promise<Record<string, unknown>> {
  const { db, livePortfolios } = app
  const { columns } = await livePortfolios.board(league)
  const portfolios = await livePortfolios.portfolios(league.id)
  const sums = ledgerTotals(db, { leagueId: league.id })
  const total = columns.total.reduce((sum, value) => sum + value, 0)
  const returns = (columns.metrics.find(({ name }) => name === 'return_pct')?.values ?? new Float64Array()).toSorted()
  const returnAt = (share: number) => returns[Math.round(share * (returns.length - 1))] ?? null
  return {
    portfolios: sums.portfolios,
    trades: sums.trades,
    volume_cents: sums.volume,
    fees_cents: sums.fees,
    cash_cents: sums.cash,
    total_cents: total,
    invested_pct: percentOf(total - sums.cash, total),
    return_pct: { best: returnAt(1), median: returnAt(0.5), worst: returnAt(0) },
    most_held: portfolios.mostHeld(10),
  }
}
