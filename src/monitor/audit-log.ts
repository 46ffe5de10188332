/** The audit log, who did what and when: the page, its JSON and its files. */
import { and, count, desc, eq, gte, lt, or, type SQL, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../db/open.ts'
import { auditLog } from '../../db/schema.ts'
import type { App } from '../context.ts'
import { day } from '../platform/clock.ts'
import { type Content, type Html, html } from '../platform/html.ts'
import { type PageSlice, pageOf, pageQueryOf, pageSchema, withPagination } from '../platform/http/pagination.ts'
import { rowView } from '../platform/http/row-view.ts'
import { dateSchema, dateTimeSchema, idSchema, oneOfWords } from '../platform/http/shared-schemas.ts'
import { likePattern } from '../runs/find-runs.ts'
import { address } from '../ui/parts/address.ts'
import { allWell, badge } from '../ui/parts/badges.ts'
import { emptyState } from '../ui/parts/notices.ts'
import { paginationLinks } from '../ui/parts/pagination-links.ts'
import { denseTable } from '../ui/parts/table.ts'
import { name, noValue, time } from '../ui/parts/values.ts'
import { everySecondAndAHalf, livePage } from './pages/live-page.ts'
import { filterForm } from './pages/monitor-layout.ts'

const results = ['ok', 'refused', 'failed'] as const

const auditQuery = t.Object({
  user: t.Optional(t.String({ maxLength: 254, description: 'A name' })),
  user_id: t.Optional({ ...idSchema, description: 'The id of a user, whatever their name was' }),
  action: t.Optional(t.String({ maxLength: 100, description: 'An action or its start: `league`, `league.delete`' })),
  result: t.Optional(oneOfWords(results)),
  q: t.Optional(t.String({ maxLength: 200, description: 'Part of the target or the detail' })),
  from: t.Optional({ ...dateSchema, description: 'The first day, UTC' }),
  to: t.Optional({ ...dateSchema, description: 'The last day, UTC' }),
  ...pageQueryOf(50),
})
type AuditFilter = Static<typeof auditQuery>

const auditSchema = t.Object({
  id: idSchema,
  at: dateTimeSchema,
  user: t.String(),
  user_id: t.Nullable(idSchema),
  action: t.String(),
  target: t.String(),
  detail: t.Record(t.String(), t.Unknown()),
  result: t.String(),
})
type AuditView = Static<typeof auditSchema>
const auditView = rowView(auditSchema)

/** Counting stops here: this total means at least as many. */
const auditCountLimit = 10_000

const contains = (column: SQL | typeof auditLog.target, text: string) =>
  sql`${column} like ${likePattern(text)} escape '\\'`

function matching({ user, user_id: userId, action, result, q, from, to }: AuditFilter): SQL | undefined {
  return and(
    user ? eq(auditLog.username, user) : undefined,
    userId === undefined ? undefined : eq(auditLog.userId, userId),
    action ? sql`instr(${auditLog.action}, ${action}) = 1` : undefined,
    result && eq(auditLog.result, result),
    q ? or(contains(auditLog.target, q), contains(sql`${auditLog.detail}`, q)) : undefined,
    from ? gte(auditLog.at, Date.parse(from)) : undefined,
    to ? lt(auditLog.at, Date.parse(to) + day) : undefined,
  )
}

type AuditQuestion = Omit<AuditFilter, 'page'> & Pick<PageSlice, 'limit' | 'offset'>

/** The audit log, newest first. For the reader thread, as the count is: a search reads a year of entries. */
export const auditEntries = (db: Db, { limit, offset, ...filter }: AuditQuestion): AuditView[] =>
  db
    .select()
    .from(auditLog)
    .where(matching(filter))
    .orderBy(desc(auditLog.at), desc(auditLog.id))
    .limit(limit)
    .offset(offset)
    .all()
    .map(row => auditView({ ...row, user: row.username }))

export function auditCount(db: Db, filter: AuditFilter): number {
  const counted = db
    .select({ id: auditLog.id })
    .from(auditLog)
    .where(matching(filter))
    .limit(auditCountLimit)
    .as('some')
  return db.select({ total: count() }).from(counted).get()?.total ?? 0
}

const auditPath = '/admin/audit/logs'

type AuditData = Awaited<ReturnType<typeof read>>
const listSchema = pageSchema('logs', auditSchema)

export const auditPage = (app: App) =>
  livePage(app, {
    path: auditPath,
    title: 'Audit',
    navItem: 'audit',
    query: auditQuery,
    read: filter => read(app, filter),
    body,
    json: {
      summary: 'The audit log, newest first',
      description: 'The total is counted up to 10,000.',
      schema: listSchema,
    },
    file: {
      name: 'audit',
      row: auditSchema,
      rows: ({ page: _, ...filter }, place) => app.reader.read(auditEntries, { ...filter, ...place }),
    },
    live: everySecondAndAHalf,
  })

async function read({ reader }: App, { page, limit, ...filter }: AuditFilter) {
  const place = pageOf({ page, limit })
  const [logs, total] = await Promise.all([
    reader.read(auditEntries, { ...filter, ...place }),
    reader.read(auditCount, filter),
  ])
  return withPagination({ logs, total }, place)
}

const body = ({ logs, pagination: pages }: AuditData, filter: AuditFilter): Html =>
  html`${filterForm(auditPath, [
    { name: 'q', label: 'Target or detail', type: 'search', value: filter.q },
    { name: 'user', label: 'Who', value: filter.user },
    { name: 'action', label: 'Action', value: filter.action, placeholder: 'league.delete' },
    { name: 'result', label: 'Result', value: filter.result, choices: ['', ...results] },
    { name: 'from', label: 'From, in UTC', type: 'date', value: filter.from },
    { name: 'to', label: 'To, in UTC', type: 'date', value: filter.to },
    { name: 'user_id', label: 'User', value: filter.user_id?.toString(), type: 'hidden' },
  ])}
${filter.user_id !== undefined && html`<p>What <a href="/admin/users/${filter.user_id}">user ${filter.user_id}</a> did, under any name. <a href="${address(auditPath, { ...filter, user_id: undefined })}">What all did</a></p>`}
${denseTable({
  caption: 'Audit log, newest first',
  class: 'audit',
  rows: logs,
  pages,
  key: ({ id }) => `log-${id}`,
  empty: emptyState('No entries', 'No entry matches these filters.', html`<a href="${auditPath}">The whole log</a>`),
  columns: [
    { head: 'When', cell: ({ at }) => time(at) },
    { head: 'Who', cell: who },
    {
      head: 'Action',
      names: true,
      cell: ({ action, user }) => html`<a href="${address(auditPath, { user, action })}"><code>${action}</code></a>`,
    },
    { head: 'Target', class: 'target', cell: ({ action, target }) => targetLink(action, target) },
    { head: 'Detail', class: 'detail', cell: ({ detail }) => detailOf(detail) },
    {
      head: 'Result',
      cell: ({ result }) => (result === 'ok' ? allWell(result) : badge(result, result === 'refused' ? 'warn' : 'bad')),
    },
  ],
})}
${paginationLinks(pages, page => address(auditPath, { ...filter, page }))}
${pages.total >= auditCountLimit && html`<p class="quiet">There are more entries than counted; filter to find older ones. Entries are kept for a year.</p>`}`

const who = ({ user, user_id: id }: AuditView): Content =>
  id === null ? html`<span class="quiet">${user}</span>` : html`<a href="/admin/users/${id}">${name(user)}</a>`

/** Where the targets of actions are shown. */
const targetPages: Record<string, string> = {
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
  const page = targetPages[noun]
  return page && !action.endsWith('.delete') ? html`<a href="${page}/${encodeURIComponent(id)}">${target}</a>` : target
}

const detailOf = (detail: AuditView['detail']): Content => {
  const facts = Object.entries(detail)
  if (!facts.length) return noValue
  return html`<dl class="facts">${facts.map(([key, value]) => html`<div><dt>${key}</dt><dd>${value === null ? '–' : typeof value === 'object' ? JSON.stringify(value) : String(value)}</dd></div>`)}</dl>`
}
