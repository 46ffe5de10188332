/** The pages of what the audit log and alerts are about. */
import { type Content, html } from '../platform/html.ts'
import type { AlertView } from './alerts/queries.ts'

const pages: Record<string, string> = {
  league: '/leagues',
  user: '/admin/users',
  staff: '/rota/staff',
  site: '/rota/sites',
  shift: '/rota/shifts',
  draft: '/rota/drafts',
  tour: '/tours',
  job: '/admin/task-monitor/jobs',
  'price of': '/quotes',
}

/** `league 5`, `tour pga`, `price of ACME`, with a link unless the action deleted it. */
export function targetLink(action: string, target: string): Content {
  const [, noun = '', id = ''] = /^(.+) (\S+)$/.exec(target) ?? []
  const page = pages[noun]
  return page && !action.endsWith('.delete') ? html`<a href="${page}/${encodeURIComponent(id)}">${target}</a>` : target
}

/** Where an alert can be looked into. */
export function pageOfAlert({ alert_type, data }: Pick<AlertView, 'alert_type' | 'data'>): string | undefined {
  const { league_id, upload_id, staff_id, user_id, tour } = data
  if (league_id) return upload_id ? `/leagues/${league_id}/uploads/${upload_id}` : `/leagues/${league_id}`
  if (staff_id) return `/rota/staff/${staff_id}`
  if (user_id) return `/admin/users/${user_id}`
  if (tour) return `/tours/${tour}`
  return byType[alert_type]
}

const byType: Record<string, string> = {
  cache_error: '/admin/redis-stats',
  feed_held: '/quotes',
  high_load: '/admin/monitoring/performance',
  job_failed: '/admin/task-monitor/jobs?status=FAILURE',
  mail_failed: '/admin/task-monitor/jobs?name=send_mail',
  performance: '/admin/monitoring/performance',
  price_held: '/quotes',
  process_died: '/admin/task-monitor',
  roster_broken: '/rota/dashboard',
  security: '/admin/users',
  task_missing: '/admin/task-monitor',
}
