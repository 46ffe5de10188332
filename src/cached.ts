/** Every cached answer: name, life, and which changes drop it at once. A topic counts for the first part of the scope. */

import type { UserStats } from './accounts/queries.ts'
import type { Session } from './accounts/session.ts'
import type { RosterMetrics } from './dashboard/roster-metrics.ts'
import type { BoardView } from './leagues/board.ts'
import type { PlayerView, TierView } from './leagues/kinds.ts'
import type { LeagueView } from './leagues/league.ts'
import type { ActivityView } from './leagues/market/ledger.ts'
import type { ChainView } from './leagues/market/options.ts'
import type { ValuedPortfolio } from './leagues/market/portfolio.ts'
import type { QuoteView } from './leagues/market/quote.ts'
import type { MemberView } from './leagues/queries.ts'
import type { LeagueStats } from './leagues/stats.ts'
import type { Dashboard } from './monitor/statistics/dashboard.ts'
import type { ExecutionStats } from './monitor/statistics/executions.ts'
import type { UserStatistics } from './monitor/statistics/users.ts'
import { anyScope, type CacheEntry, cacheEntry } from './platform/cache/cache.ts'
import type { Pagination } from './platform/http/pagination.ts'
import type { RosterView, ShownShift } from './rota/roster-view.ts'
import type { ShiftView } from './rota/shift.ts'
import type { SearchResult } from './search/search.ts'

type ActivityPage = { activity: ActivityView[]; pagination: Pagination }
type ShiftPage = { shifts: ShiftView[]; pagination: Pagination }
type UpcomingShifts = { generated_at: string; shifts: ShownShift[] }
type MembersPage = { members: MemberView[]; pagination: Pagination }

export const cached = {
  activeLeagues: cacheEntry<LeagueView[]>('active_leagues', '5m', [anyScope('leagues')]), // scope: kind
  league: cacheEntry<LeagueView>('league', '10m', ['league']),
  members: cacheEntry<MembersPage>('league_members', '5m', ['members', 'league']), // which may be private now
  leagueStats: cacheEntry<LeagueStats>('league_stats', '10m', ['scores']),
  board: cacheEntry<BoardView>('leaderboard', '5m', ['scores']),
  boardHtml: cacheEntry<string>('board_page', '5m', ['scores', 'members']), // as strangers see it
  player: cacheEntry<PlayerView>('player_details', '2m', ['scores']),
  classifications: cacheEntry<{ as_of: string | null; tiers: TierView[] }>('classifications', '2m', ['scores']),
  portfolio: cacheEntry<ValuedPortfolio>('portfolio', '2m', ['portfolio']), // scope: league/user, version of the quotes it holds
  quote: cacheEntry<QuoteView>('quote', '1m', ['quote']), // scope: symbol
  optionsChain: cacheEntry<ChainView>('options_chain', '5m', ['options']), // scope: symbol and expiration
  activity: cacheEntry<ActivityPage>('activity_feed', '5m', ['activity']),
  search: cacheEntry<SearchResult>('search', '1h', ['leagues', 'names'].map(anyScope)), // what was withdrawn is found no longer
  session: cacheEntry<Session | undefined>('session', '24h', ['account']), // scope: user, token hash
  dashboardMetrics: cacheEntry<RosterMetrics>('dashboard_metrics', '5m', ['roster', 'staff', 'shifts'].map(anyScope)),
  upcomingShifts: cacheEntry<UpcomingShifts>('upcoming_shifts', '2m', ['roster', 'shifts'].map(anyScope)), // scope: limit
  rosterView: cacheEntry<RosterView>('roster_view', '5m', ['roster', 'shifts', 'staff'].map(anyScope)),
  shiftList: cacheEntry<ShiftPage>('shift_list', '5m', ['roster', 'shifts', 'staff'].map(anyScope)),
  statsDashboard: cacheEntry<Dashboard>('stats_dashboard', '10m'), // refreshed ahead: see schedule.ts
  statsExecutions: cacheEntry<ExecutionStats>('stats_executions', '10m'),
  statsUsers: cacheEntry<UserStatistics>('stats_users', '10m'),
  userStats: cacheEntry<UserStats>('user_stats', '10m', ['user']),
} satisfies Record<string, CacheEntry<unknown>>
