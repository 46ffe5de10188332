/** What runs of jobs are called on pages, and where the monitor shows them. */

export const tasksPath = '/admin/task-monitor'
export const jobsPath = `${tasksPath}/jobs`
/** The path that confirms and runs actions on ticked rows. */
export const selectedPath = `${jobsPath}/selected`
export const jobPath = (id: string) => `${jobsPath}/${id}`

/** Names of jobs for people. */
const titles: Record<string, string> = {
  update_player_scores: 'score updates',
  ensure_updates: 'supervisor',
  'alerts.check': 'alert checks',
  'alerts.test': 'test of alerts',
  'backups.make': 'backup',
  'backups.send': 'backup to S3',
  'jobs.bulk': 'action on many jobs',
  'jobs.sweep': 'job sweep',
  'leagues.announce': 'announcement',
  'leagues.announce_leaders': 'looking for new leaders',
  'leagues.announce_week': 'weekly announcements',
  'leagues.finalize_due': 'finalising leagues',
  'leagues.mail_final': 'mails of a final board',
  'leagues.test_webhook': 'test of a webhook',
  'ledger.audit': 'ledger audit',
  'market.record_daily_values': 'daily values of portfolios',
  'retention.delete_old': 'retention',
  'runs.index': 'search index',
  'tours.mail_picks_due': 'mails of picks that close',
  'roster.mail_notices': 'mails of roster changes',
  send_mail: 'mail',
  send_invitation: 'mail of an invitation',
  send_password_link: 'mail of a password link',
  'sheets.import': 'sheet import',
  'stats.refresh_dashboard': 'dashboard statistics',
  'stats.refresh_executions': 'execution statistics',
  'stats.refresh_users': 'user statistics',
}

export const jobTitle = (name: string): string => titles[name] ?? name.replaceAll(/[._]/g, ' ')

/** Jobs whose title contains the word. */
export const namesTitled = (word: string): string[] =>
  Object.keys(titles).filter(name => titles[name]?.toLowerCase().includes(word.toLowerCase()))
