/** Who did what to what, when: the page, its JSON and its files. */
import { t } from 'elysia'
import type { App } from '../../context.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import {
  type Pagination,
  pageOf,
  pagination as paginationOf,
  paginationSchema,
} from '../../platform/http/pagination.ts'
import { address } from '../../ui/parts/address.ts'
import { badge, calm } from '../../ui/parts/badges.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { table } from '../../ui/parts/table.ts'
import { name, none, time } from '../../ui/parts/values.ts'
import { everySecondAndAHalf, livePage } from '../pages/live-page.ts'
import { filterForm } from '../pages/monitor-layout.ts'
import {
  type AuditFilter,
  type AuditView,
  auditCountLimit,
  auditQuery,
  auditSchema,
  countAudit,
  listAudit,
} from './queries.ts'

const auditPath = '/admin/audit/logs'

type AuditData = { logs: AuditView[]; pagination: Pagination }
const listSchema = t.Object({ logs: t.Array(auditSchema), pagination: paginationSchema })

export const auditPage = (app: App) =>
  livePage(app, {
    path: auditPath,
    title: 'Audit',
    room: 'audit',
    query: auditQuery,
    read: filter => read(app, filter),
    body,
    json: {
      says: 'Who did what to what, the newest first',
      description: 'The total is counted up to 10,000.',
      schema: listSchema,
      pages: ({ pagination }) => pagination,
    },
    file: { name: 'audit', row: auditSchema, rows: (filter, place) => listAudit(app.db, filter, place) },
    live: everySecondAndAHalf,
  })

function read({ db }: App, filter: AuditFilter): AuditData {
  const place = pageOf(filter)
  return { logs: listAudit(db, filter, place), pagination: paginationOf(place, countAudit(db, filter)) }
}

const body = ({ logs, pagination: pages }: AuditData, filter: AuditFilter): Html =>
  html`${filterForm(auditPath, [
    { name: 'q', label: 'Target or detail', type: 'search', value: filter.q },
    { name: 'user', label: 'Who', value: filter.user },
    { name: 'action', label: 'Action', value: filter.action, placeholder: 'league.delete' },
    { name: 'result', label: 'Result', value: filter.result, choices: ['', 'ok', 'refused', 'failed'] },
    { name: 'from', label: 'From', type: 'date', value: filter.from },
    { name: 'to', label: 'To', type: 'date', value: filter.to },
  ])}
${table({
  caption: 'Audit log, the newest first',
  dense: true,
  class: 'audit',
  stack: true,
  rows: logs,
  key: ({ id }) => `log-${id}`,
  empty: emptyState(
    'Nothing is written here',
    'No entry fits these filters.',
    html`<a href="${auditPath}">The whole log</a>`,
  ),
  columns: [
    { head: 'When', cell: ({ at }) => time(at) },
    { head: 'Who', cell: who },
    {
      head: 'Action',
      names: true,
      cell: ({ action, user }) => html`<a href="${address(auditPath, { user, action })}"><code>${action}</code></a>`,
    },
    { head: 'Target', class: 'target', cell: ({ target }) => target },
    { head: 'Detail', class: 'detail', cell: ({ detail }) => detailOf(detail) },
    {
      head: 'Result',
      cell: ({ result }) => (result === 'ok' ? calm(result) : badge(result, result === 'refused' ? 'warn' : 'bad')),
    },
  ],
})}
${paginationLinks(pages, page => address(auditPath, { ...filter, page }))}
${pages.total >= auditCountLimit && html`<p class="quiet">There is more than is counted here; filter to find the older part. Kept for a year.</p>`}`

const who = ({ user, user_id: id }: AuditView): Content =>
  id === null ? html`<span class="quiet">${user}</span>` : html`<a href="/admin/users/${id}">${name(user)}</a>`

const detailOf = (detail: AuditView['detail']): Content => {
  const facts = Object.entries(detail)
  if (!facts.length) return none
  return html`<dl class="facts">${facts.map(([key, value]) => html`<div><dt>${key}</dt><dd>${typeof value === 'object' ? JSON.stringify(value) : String(value)}</dd></div>`)}</dl>`
}
