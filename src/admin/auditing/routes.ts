import { Elysia, t } from 'elysia'
import { access } from '../../access.ts'
import type { App } from '../../context.ts'
import { says } from '../../runtime/docs.ts'
import { linkHeader, pageOf, pagination, paginationSchema } from '../../runtime/page.ts'
import { hidden } from '../../web/layout.ts'
import { exported } from '../monitor/exports.ts'
import { exportLinks, monitorPage } from '../monitor/frame.ts'
import { type AuditData, auditBody, auditPath } from './page.ts'
import { type AuditFilter, auditQuery, auditSchema, countAudit, listAudit } from './queries.ts'

const listSchema = t.Object({ logs: t.Array(auditSchema), pagination: paginationSchema })

export const auditRoutes = (app: App) => {
  const { db } = app
  function dataOf(filter: AuditFilter): AuditData {
    const place = pageOf(filter)
    return { logs: listAudit(db, filter, place), pagination: pagination(place, countAudit(db, filter)) }
  }
  const files = (format: 'csv' | 'json') => (filter: AuditFilter) =>
    exported('audit', format, auditSchema, page => listAudit(db, filter, page))

  return new Elysia({ prefix: '/admin/audit', tags: ['admin'] })
    .use(access(app))
    .guard({ query: auditQuery })
    .get(
      '/logs',
      ({ query, who }) => {
        const tools = exportLinks(auditPath, query)
        return monitorPage(app, { title: 'Audit', who, room: 'audit', tools, body: auditBody(dataOf(query), query) })
      },
      { may: 'admin', detail: hidden },
    )
    .get(
      '/logs/json',
      ({ query, request, set }) => {
        const data = dataOf(query)
        set.headers.link = linkHeader(request.url, data.pagination)
        return data
      },
      {
        may: 'admin',
        detail: says('Who did what to what, the newest first', listSchema, {
          description: 'The total is counted up to 10,000.',
        }),
      },
    )
    .get('/logs.csv', ({ query }) => files('csv')(query), { may: 'admin', detail: hidden })
    .get('/logs.json', ({ query }) => files('json')(query), { may: 'admin', detail: hidden })
}
