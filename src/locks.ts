/** Every task lock: its key, its lease, and what happens to a second taker. */
import { lock, lockOfSeveral } from './platform/jobs/task-locks.ts'

export const locks = {
  supervisor: lock('ensure_updates', '120s', 'skip', 'supervisor_lock'),
  updateScores: lock('update_player_scores', '300s', 'skip'),
  updateQuotes: lock('update_quotes', '120s', 'skip'), // per feed
  import: lock('import', '10m', 'wait'), // per league
  roster: lockOfSeveral('roster', '10m', 'wait'), // of these sites, or of all
  refreshDashboard: lock('refresh_dashboard_stats', '120s', 'skip'),
  refreshExecutions: lock('refresh_execution_stats', '120s', 'skip'),
  refreshUsers: lock('refresh_user_stats', '120s', 'skip'),
  refreshAll: lock('refresh_stats', '120s', 'skip'),
  backup: lock('backup', '30m', 'wait'), // held while scores.db is copied or swept
  retention: lock('retention', '10m', 'skip'),
  runIndex: lock('run_index', '10m', 'skip'),
  alertWebhook: lock('alert_webhook', '60s', 'skip'),
}
