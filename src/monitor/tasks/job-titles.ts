/** Jobs as one speaks of them. */
const titles: Record<string, string> = {
  update_player_scores: 'score updates',
  ensure_updates: 'supervisor',
  'alerts.check': 'alert checks',
  'backups.make': 'backup',
  'jobs.sweep': 'job sweep',
  'leagues.finalize_due': 'finalising leagues',
  'ledger.audit': 'ledger audit',
  'market.mark_day': 'day marks of portfolios',
  'retention.forget': 'retention',
  'runs.index': 'search index',
  'sheets.announce': 'board announcement',
  'sheets.import': 'sheet import',
  'stats.refresh_dashboard': 'dashboard statistics',
  'stats.refresh_executions': 'execution statistics',
  'stats.refresh_users': 'user statistics',
}

export const jobTitle = (name: string): string => titles[name] ?? name.replaceAll(/[._]/g, ' ')
