import { Elysia, t } from 'elysia'
import { access, signedIn } from '../../access.ts'
import type { App } from '../../context.ts'
import { says } from '../../runtime/docs.ts'
import { linkHeader, pageOf, pagination, paginationSchema } from '../../runtime/page.ts'
import { hidden } from '../../web/layout.ts'
import { live } from '../../web/parts/live.ts'
import { exported } from '../monitor/exports.ts'
import { exportLinks, fragment, monitorPage, versionOf } from '../monitor/frame.ts'
import { watchStream } from '../monitor/watching.ts'
import { checkedAt } from './checking.ts'
import { type AlertsData, alertsBody, alertsPath } from './page.ts'
import {
  type AlertFilter,
  acknowledge,
  alertQuery,
  alertSchema,
  alertStats,
  alertStatsSchema,
  listAlerts,
  resolve,
} from './queries.ts'

const listSchema = t.Object({ alerts: t.Array(alertSchema), stats: alertStatsSchema, pagination: paginationSchema })

export const alertRoutes = (app: App) => {
  const { db } = app

  function dataOf(filter: AlertFilter): AlertsData {
    const place = pageOf(filter)
    const { alerts, total } = listAlerts(db, filter, place)
    return { alerts, stats: alertStats(db), pagination: pagination(place, total), checkedAt: checkedAt(db) ?? null }
  }
  /** When the last look was changes each minute and is not news. */
  const seen = ({ checkedAt: _, ...data }: AlertsData) => versionOf(data)
  const files = (format: 'csv' | 'json') => (filter: AlertFilter) =>
    exported('alerts', format, alertSchema, page => listAlerts(db, filter, { page: 1, ...page }).alerts)

  return new Elysia({ prefix: '/admin/monitoring', tags: ['admin'] })
    .use(access(app))
    .get(
      '/alerts',
      ({ query, who, request }) => {
        const data = dataOf(query)
        const { search } = new URL(request.url)
        return monitorPage(app, {
          title: 'Alerts',
          who,
          room: 'alerts',
          reload: 10,
          tools: exportLinks(alertsPath, query),
          body: live(
            {
              id: 'alerts',
              events: `${alertsPath}/events${search}`,
              from: `${alertsPath}/list${search}`,
              version: seen(data),
              brisk: true,
            },
            alertsBody(data, query),
          ),
        })
      },
      { query: alertQuery, may: 'admin', detail: hidden },
    )
    .get(
      '/alerts/list',
      ({ query }) => {
        const data = dataOf(query)
        return fragment(alertsBody(data, query), seen(data))
      },
      { query: alertQuery, may: 'admin', detail: hidden },
    )
    .get('/alerts/events', ({ query }) => watchStream(app, () => seen(dataOf(query))), {
      query: alertQuery,
      may: 'admin',
      detail: hidden,
    })
    .get(
      '/alerts/json',
      ({ query, request, set }) => {
        const { checkedAt: _, ...data } = dataOf(query)
        set.headers.link = linkHeader(request.url, data.pagination)
        return data
      },
      { query: alertQuery, may: 'admin', detail: says('Alerts: what is open, or what was', listSchema) },
    )
    .get('/alerts.csv', ({ query }) => files('csv')(query), { query: alertQuery, may: 'admin', detail: hidden })
    .get('/alerts.json', ({ query }) => files('json')(query), { query: alertQuery, may: 'admin', detail: hidden })
    .guard({ params: t.Object({ id: t.Integer({ minimum: 1 }) }) })
    .post('/alerts/:id/resolve', ({ params: { id }, who }) => resolve(app, signedIn(who), id), {
      may: 'admin',
      detail: says('Say that an alert is over', alertSchema),
    })
    .post(
      '/alerts/:id/acknowledge',
      ({ params: { id }, body, who }) => acknowledge(app, signedIn(who), id, body.reason),
      {
        body: t.Object({ reason: t.String({ minLength: 1, maxLength: 500 }) }),
        may: 'admin',
        detail: says('Say that an alert is known, and why it may stay', alertSchema),
      },
    )
}
