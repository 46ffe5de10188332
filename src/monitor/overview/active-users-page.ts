/** Who was here lately. */
import { t } from 'elysia'
import type { App } from '../../context.ts'
import { type Html, html } from '../../platform/html.ts'
import { type Pagination, pageOf, pageQuery, pagination as paginationOf } from '../../platform/http/pagination.ts'
import { address } from '../../ui/parts/address.ts'
import { stats } from '../../ui/parts/figures.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { table } from '../../ui/parts/table.ts'
import { name, none, number, time } from '../../ui/parts/values.ts'
import { everySecondAndAHalf, livePage } from '../pages/live-page.ts'
import { type ActiveUser, type ActiveUsers, activeUserSchema, activeUsersReading } from './active-users.ts'
import { monitoringPath, periodLinks } from './parts.ts'
import { type LongPeriod, longPeriods, longQuery, periodWords } from './period.ts'

const path = `${monitoringPath}/active-users`

export const activeUsersPage = (app: App) => {
  const now = (period: LongPeriod = '24h') => ({ period, now: app.clock.now() })
  return livePage(app, {
    path,
    title: 'Active users',
    room: 'users',
    query: t.Object({ ...longQuery, page: pageQuery.page, limit: t.Optional(t.Integer({ default: 100 })) }),
    tools: ({ period = '24h' }) => periodLinks(longPeriods, path, period),
    async read(query) {
      const place = pageOf(query)
      const found = await app.reader.read(activeUsersReading, { ...now(query.period), ...place })
      return { ...found, pages: paginationOf(place, found.total) }
    },
    body: (found, { period = '24h' }) => body(found, period),
    json: {
      says: 'Who was here, the last seen first',
      schema: t.Array(activeUserSchema),
      of: ({ users }) => users,
      pages: ({ pages }) => pages,
    },
    file: {
      name: 'active-users',
      row: activeUserSchema,
      rows: async ({ period }, place) =>
        (await app.reader.read(activeUsersReading, { ...now(period), ...place })).users,
    },
    live: everySecondAndAHalf,
  })
}

const body = ({ users, pages, total, before }: ActiveUsers & { pages: Pagination }, period: LongPeriod): Html =>
  html`${stats([
    { label: 'Seen', value: number(total), note: 'in this time' },
    { label: 'Gone quiet', value: number(before), note: `last seen in ${periodWords[period]}` },
  ])}
${table<ActiveUser>({
  caption: 'Users, the last seen first',
  dense: true,
  stack: true,
  rows: users,
  key: ({ id }) => `user-${id}`,
  empty: emptyState('Nobody was here', 'Nobody signed in during this time.'),
  columns: [
    { head: 'Name', names: true, cell: user => html`<a href="/admin/users/${user.id}">${name(user.username)}</a>` },
    { head: 'Role', cell: ({ role }) => role },
    { head: 'Country', cell: ({ country }) => country ?? none },
    { head: 'Last seen', cell: ({ last_seen }) => time(last_seen) },
    { head: 'Last login', cell: ({ last_login }) => time(last_login) },
    { head: 'Leagues', numeric: true, cell: ({ league_count }) => number(league_count) },
    { head: 'Trades today', numeric: true, cell: ({ trades_today }) => number(trades_today) },
  ],
})}
${paginationLinks(pages, page => address(path, { period, page }))}`
