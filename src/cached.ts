/** Every cached answer: name, lifetime, and which changes drop it at once. A topic applies to the first part of the scope. */
import { anyScope, cacheEntry } from './platform/cache/cache.ts'

export const cached = {
  activeLeagues: cacheEntry('active_leagues', '5m', [anyScope('leagues')]), // scope: kind, who may see them, page
  leagueCount: cacheEntry('league_count', '5m', [anyScope('leagues')]), // scope: kind, status and who may see them
  league: cacheEntry('league', '10m', ['league']),
  members: cacheEntry('league_members', '5m', ['members', 'league']), // which may be private now
  leagueStats: cacheEntry('league_stats', '10m', ['scores', 'uploads']),
  board: cacheEntry('leaderboard', '5m', ['scores']),
  trends: cacheEntry('leaderboard_trends', '5m', ['scores']),
  totals: cacheEntry('totals', '5m', ['scores']),
  boardHtml: cacheEntry('board_page', '5m', ['scores', 'members', anyScope('display_name')]), // as strangers see it
  playerHtml: cacheEntry('player_page', '2m', ['scores', 'members', anyScope('display_name')]), // as strangers see it
  /** Pages of a league for one signed-in reader: only the fast path keeps them, for that reader. */
  ownHtml: cacheEntry('own_pages', '1m', ['scores', 'members', 'league', anyScope('display_name')]),
  player: cacheEntry('player_details', '2m', ['scores']),
  classifications: cacheEntry('classifications', '2m', ['scores']),
  portfolio: cacheEntry('portfolio', '2m', ['portfolio']), // scope: league/user, version of the quotes it holds
  quote: cacheEntry('quote', '1m', ['quote']), // scope: symbol
  optionsChain: cacheEntry('options_chain', '5m', ['options']), // scope: symbol and expiration
  activity: cacheEntry('activity_feed', '5m', ['activity']),
  search: cacheEntry('search', '1h', ['leagues', 'names', 'staff'].map(anyScope)), // what was deleted is no longer found
  session: cacheEntry('session', '24h', ['account']), // scope: user, token hash
  dashboardMetrics: cacheEntry('dashboard_metrics', '5m', ['roster', 'staff', 'shifts'].map(anyScope)),
  upcomingShifts: cacheEntry('upcoming_shifts', '2m', ['roster', 'shifts', 'staff'].map(anyScope)), // scope: page, limit
  rosterView: cacheEntry('roster_view', '5m', ['roster', 'shifts', 'staff'].map(anyScope)),
  rotaPart: cacheEntry('rota_part', '5m', ['roster', 'shifts', 'staff'].map(anyScope)), // scope: tab, days, site, today, who sees it
  siteHealth: cacheEntry('site_health', '5m', ['roster', 'shifts', 'staff'].map(anyScope)),
  brokenDuties: cacheEntry('broken_duties', '5m', ['roster', 'shifts', 'staff'].map(anyScope)),
  shiftList: cacheEntry('shift_list', '5m', ['roster', 'shifts', 'staff'].map(anyScope)),
  statsDashboard: cacheEntry('stats_dashboard', '10m', [], { shared: true }), // refreshed ahead: see schedule.ts
  statsExecutions: cacheEntry('stats_executions', '10m', [], { shared: true }),
  statsUsers: cacheEntry('stats_users', '10m', [], { shared: true }),
  userStats: cacheEntry('user_stats', '10m', ['user']),
}
