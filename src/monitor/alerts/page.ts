/** The page of alerts, its JSON and its files. */
import { Value } from '@sinclair/typebox/value'
import { t } from 'elysia'
import { type Severity, severities } from '../../../db/schema.ts'
import { lockedSchema } from '../../accounts/attempts.ts'
import type { App } from '../../context.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import { apiRouter, signedIn } from '../../platform/http/access.ts'
import { pageOf, paginationSchema, withPagination } from '../../platform/http/pagination.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { idParams } from '../../platform/http/shared-schemas.ts'
import { startedAnswer, startRoute } from '../../platform/jobs/started-answer.ts'
import { counted } from '../../platform/number-text.ts'
import { address } from '../../ui/parts/address.ts'
import { badge, status } from '../../ui/parts/badges.ts'
import { action } from '../../ui/parts/form.ts'
import { emptyState, notice } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { denseTable } from '../../ui/parts/table.ts'
import { number, time } from '../../ui/parts/values.ts'
import { livePage, twiceASecond } from '../pages/live-page.ts'
import { choiceLinks } from '../pages/monitor-layout.ts'
import { checkedAt } from './check-conditions.ts'
import {
  type AlertFilter,
  type AlertStats,
  type AlertView,
  acknowledge,
  alertQuery,
  alertSchema,
  alertStats,
  alertStatsSchema,
  alertsPath,
  countUnsent,
  listAlerts,
  resolve,
} from './queries.ts'
import { testAlerts } from './send-alerts.ts'

type AlertsData = ReturnType<typeof read>

const listSchema = t.Object({
  alerts: t.Array(alertSchema),
  stats: alertStatsSchema,
  unsent: t.Integer({ description: 'Open alerts that ALERT_WEBHOOK_URL has not taken within two minutes' }),
  pagination: paginationSchema,
})
/** The time of the last check changes each minute, and the page need not be fetched again for it. */
const withoutCheckTime = ({ checkedAt: _, ...data }: AlertsData) => data

const alertsPage = (app: App) =>
  livePage(app, {
    path: alertsPath,
    title: 'Alerts',
    navItem: 'alerts',
    query: alertQuery,
    read: filter => read(app, filter),
    body,
    json: {
      summary: 'Alerts, open or past',
      schema: listSchema,
      of: withoutCheckTime,
    },
    file: {
      name: 'alerts',
      row: alertSchema,
      rows: (filter, place) => listAlerts(app.db, filter, place).alerts,
    },
    live: { ...twiceASecond, watched: withoutCheckTime },
  })

function read({ db, clock, config }: App, filter: AlertFilter) {
  const place = pageOf(filter)
  return {
    ...withPagination(listAlerts(db, filter, place), place),
    stats: alertStats(db),
    unsent: config.alertWebhookUrl ? countUnsent(db, clock.now()) : 0,
    checkedAt: checkedAt(db) ?? null,
  }
}

const body = ({ alerts, stats, unsent, pagination: pages, checkedAt }: AlertsData, filter: AlertFilter): Html =>
  html`<p class="lead ${alertsTone(stats)}">${alertsSentence(stats)}</p>
${unsent > 0 && notice(html`${number(unsent)} of them could not be sent to <code>ALERT_WEBHOOK_URL</code>; the log says why. They are sent once it answers.`, 'warn')}
<div class="toolbar">
  ${choiceLinks({ path: alertsPath, query: filter, label: 'State', name: 'state', choices: states, chosen: filter.state === 'open' ? '' : filter.state })}
  ${choiceLinks({ path: alertsPath, query: filter, label: 'Severity', name: 'severity', choices: [['', 'Any severity'], ...[...severities].reverse().map(name => [name, name] as const)] })}
</div>
${denseTable({
  caption: 'Alerts',
  class: 'alerts',
  rows: alerts,
  pages,
  key: ({ id }) => `alert-${id}`,
  rowClass: ({ state }) => (state === 'active' ? undefined : 'settled'),
  empty: noAlerts(filter, checkedAt),
  columns: [
    { head: 'Severity', cell: ({ severity }) => status(severity) },
    { head: 'What', names: true, cell: alertCell },
    { head: 'Seen', class: 'seen', cell: lastSeenCell },
    { head: 'State', class: 'state', cell: stateOf },
  ],
  actions,
})}
${paginationLinks(pages, page => address(alertsPath, { ...filter, page }))}
<p class="quiet">Checked every minute, last ${time(checkedAt)}; an alert closes after two clear checks.</p>
${action({ label: 'Send a test alert', look: 'quiet small', action: `${alertsPath}/test`, follow: true, done: '{message}' })}`

const states = [
  ['', 'Open'],
  ['resolved', 'Resolved'],
  ['all', 'All'],
] as const

const alertsTone = ({ by_severity: by, total_active: total, acknowledged }: AlertStats) =>
  total === acknowledged ? 'good' : by.critical || by.error ? 'bad' : 'warn'

function alertsSentence({ total_active: total, acknowledged, by_severity: by }: AlertStats): string {
  if (total === 0) return 'Nothing is wrong.'
  const parts = [...severities].reverse().flatMap(name => (by[name] ? [severityCount(by[name], name)] : []))
  const acknowledgedText = acknowledged ? ` ${acknowledged === total ? 'All' : acknowledged} acknowledged.` : ''
  return `${counted(total, 'alert is', 'alerts are')} open: ${parts.join(', ')}.${acknowledgedText}`
}

/** `1 error`, `6 warnings`, `5 info`. */
const severityCount = (count: number, severity: Severity) =>
  `${count} ${severity}${count > 1 && (severity === 'warning' || severity === 'error') ? 's' : ''}`

const noAlerts = ({ state = 'open', severity, type }: AlertFilter, checkedAt: number | null): Html =>
  state === 'open' && !severity && !type
    ? emptyState(
        'Nothing is wrong',
        html`Load, slow routes, Redis, the queue, the disk and the schedule were checked ${time(checkedAt)}; failed
jobs, held feeds and odd sign-ins appear here at once.`,
      )
    : emptyState(
        'No such alert',
        'No alert matches these filters.',
        html`<a href="${alertsPath}?state=all">All alerts</a>`,
      )

const lastSeenCell = ({ count, first_seen, last_seen }: AlertView): Html =>
  html`${time(last_seen)}${count > 1 && html`<small class="quiet">${number(count)} times, first ${time(first_seen)}</small>`}`

function alertCell(alert: AlertView): Html {
  const { title, message, data, alert_type } = alert
  const page = pageOfAlert(alert)
  const job = typeof data.job_id === 'string' && html` <a href="/admin/task-monitor/jobs/${data.job_id}">The run</a>`
  return html`<strong>${page ? html`<a href="${page}">${title}</a>` : title}</strong> <code class="quiet">${alert_type}</code><p>${message}${job}</p>`
}

/** Where an alert can be looked into. */
export function pageOfAlert({ alert_type, data }: Pick<AlertView, 'alert_type' | 'data'>): string | undefined {
  const { league_id, upload_id, staff_id, user_id, tour } = data
  if (league_id) return upload_id ? `/leagues/${league_id}/uploads/${upload_id}` : `/leagues/${league_id}`
  if (staff_id) return `/rota/staff/${staff_id}`
  if (user_id) return `/admin/users/${user_id}`
  if (tour) return `/tours/${tour}`
  return pagesByType[alert_type]
}

const pagesByType: Record<string, string> = {
  cache_error: '/admin/redis-stats',
  certificate_expiring: '/rota/dashboard#certificates',
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

function stateOf({ state, acknowledged, resolved }: AlertView): Content {
  if (resolved)
    return html`${badge('resolved', 'good')}<small class="quiet">by ${resolved.by} ${time(resolved.at)}</small>`
  if (state !== 'acknowledged' || !acknowledged) return badge('active', 'warn')
  return html`${badge('acknowledged', 'plain')}<small class="quiet">${acknowledged.by}, ${time(acknowledged.at)}: “${acknowledged.reason}”</small>`
}

function actions({ id, state, title, data }: AlertView): Content {
  if (state === 'resolved') return null
  const locked = Value.Check(lockedSchema, data.locked) ? data.locked : []
  return html`<div class="actions">${locked.map(user =>
    action({
      action: `/api/v1/users/${user.id}/unlock`,
      label: `Unlock ${user.username}`,
      look: 'small',
      confirm: `Let ${user.username} sign in at once? Somebody who guesses at the password can go on, too.`,
      goTo: 'stay',
      done: 'They can sign in',
    }),
  )}${
    state === 'active' &&
    action({
      action: `${alertsPath}/${id}/acknowledge`,
      label: 'Acknowledge',
      of: title,
      look: 'quiet small',
      confirm: `“${title}”: acknowledge it? It stays listed, and resolves itself when it is over.`,
      ask: { name: 'reason', label: 'Why can it stay?' },
      goTo: 'stay',
      done: 'Acknowledged',
    })
  }${action({
    action: `${alertsPath}/${id}/resolve`,
    label: 'Resolve',
    of: title,
    look: 'quiet small',
    confirm: `Is “${title}” over? If it is not, another alert is raised.`,
    goTo: 'stay',
    done: 'Resolved',
  })}</div>`
}

export const alertRoutes = (app: App) => [alertsPage(app), testRoute(app), actionRoutes(app)]

const testRoute = (app: App) =>
  apiRouter(app, alertsPath, 'admin').post(
    '/test',
    async ({ who }) => startedAnswer(await app.jobs.start(testAlerts, {}, { by: signedIn(who).id })),
    { may: 'admin', ...startRoute('Send a test where alerts go: to ALERT_WEBHOOK_URL, and by mail to you') },
  )

const actionRoutes = (app: App) =>
  apiRouter(app, `${alertsPath}/:id`, 'admin')
    .guard({ params: idParams })
    .post('/resolve', ({ params: { id }, who }) => resolve(app, signedIn(who), id), {
      may: 'admin',
      detail: describe('Resolve an alert', alertSchema),
    })
    .post('/acknowledge', ({ params: { id }, body, who }) => acknowledge(app, signedIn(who), id, body.reason), {
      body: t.Object({ reason: t.String({ minLength: 1, maxLength: 500 }) }),
      may: 'admin',
      detail: describe('Acknowledge an alert, with the reason', alertSchema),
    })
