/** Every cached answer: name, life, and which changes drop it at once. A topic counts for the first part of the scope. */

import type { UserStats } from './accounts/queries.ts'
import type { Session } from './accounts/session.ts'
import type { BoardView } from './leagues/board.ts'
import type { PlayerView, TierView } from './leagues/kinds.ts'
import type { LeagueView } from './leagues/league.ts'
import type { MemberView } from './leagues/queries.ts'
import type { LeagueStats } from './leagues/stats.ts'
import type { ActivityView } from './market/ledger.ts'
import type { ChainView } from './market/options.ts'
import type { Valued } from './market/portfolio.ts'
import type { QuoteView } from './market/quote.ts'
import type { RosterMetrics } from './rosters/metrics.ts'
import type { ShiftView } from './rosters/shift.ts'
import type { RosterView, ShownShift } from './rosters/view.ts'
import { type Entry, entry, everyOne } from './runtime/cache.ts'
import type { Pagination } from './runtime/page.ts'
import type { Found } from './search/search.ts'
import type { Dashboard } from './stats/dashboard.ts'
import type { ExecutionStats } from './stats/executions.ts'
import type { UserStatistics } from './stats/users.ts'

type ActivityPage = { activity: ActivityView[]; pagination: Pagination }
type ShiftPage = { shifts: ShiftView[]; pagination: Pagination }
type UpcomingShifts = { generated_at: string; shifts: ShownShift[] }
type MembersPage = { members: MemberView[]; pagination: Pagination }

export const cached = {
  activeLeagues: entry<LeagueView[]>('active_leagues', '5m', [everyOne('leagues')]), // scope: kind
  league: entry<LeagueView>('league', '10m', ['league']),
  members: entry<MembersPage>('league_members', '5m', ['members', 'league']), // which may be private now
  leagueStats: entry<LeagueStats>('league_stats', '10m', ['scores']),
  board: entry<BoardView>('leaderboard', '5m', ['scores']),
  boardHtml: entry<string>('board_page', '5m', ['scores', 'members']), // as strangers see it
  player: entry<PlayerView>('player_details', '2m', ['scores']),
  classifications: entry<{ as_of: string | null; tiers: TierView[] }>('classifications', '2m', ['scores']),
  portfolio: entry<Valued>('portfolio', '2m', ['portfolio']), // scope: league/user, version of the quotes it holds
  quote: entry<QuoteView>('quote', '1m', ['quote']), // scope: symbol
  optionsChain: entry<ChainView>('options_chain', '5m', ['options']), // scope: symbol and expiration
  activity: entry<ActivityPage>('activity_feed', '5m', ['activity']),
  search: entry<Found>('search', '1h', ['leagues', 'names'].map(everyOne)), // what was withdrawn is found no longer
  session: entry<Session | undefined>('session', '24h', ['account']), // scope: user, token hash
  dashboardMetrics: entry<RosterMetrics>('dashboard_metrics', '5m', ['roster', 'staff', 'shifts'].map(everyOne)),
  upcomingShifts: entry<UpcomingShifts>('upcoming_shifts', '2m', ['roster', 'shifts'].map(everyOne)), // scope: limit
  rosterView: entry<RosterView>('roster_view', '5m', ['roster', 'shifts', 'staff'].map(everyOne)),
  shiftList: entry<ShiftPage>('shift_list', '5m', ['roster', 'shifts', 'staff'].map(everyOne)),
  statsDashboard: entry<Dashboard>('stats_dashboard', '10m'), // refreshed ahead: see schedule.ts
  statsExecutions: entry<ExecutionStats>('stats_executions', '10m'),
  statsUsers: entry<UserStatistics>('stats_users', '10m'),
  userStats: entry<UserStats>('user_stats', '10m', ['user']),
} satisfies Record<string, Entry<unknown>>
