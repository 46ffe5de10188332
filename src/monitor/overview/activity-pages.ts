/** Recent users; users and new leagues day by day; activity in each league. */
import { t } from 'elysia'
import { countryName } from '../../accounts/countries.ts'
import type { App } from '../../context.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import { type Pagination, pageOf, pageQueryOf, withPagination } from '../../platform/http/pagination.ts'
import { dateSchema } from '../../platform/http/shared-schemas.ts'
import { address } from '../../ui/parts/address.ts'
import { status } from '../../ui/parts/badges.ts'
import { stats } from '../../ui/parts/figures.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { denseTable } from '../../ui/parts/table.ts'
import { countLink, name, noValue, number, time, utcDay } from '../../ui/parts/values.ts'
import { everySecondAndAHalf, livePage, slicesOf } from '../pages/live-page.ts'
import { changeMark, chartWithTable, monitoringPath, periodLinks } from '../pages/monitor-layout.ts'
import { type LongPeriod, longPeriods, longQuery, percentChange, periodWords } from '../period.ts'
import {
  type ActiveUser,
  type ActiveUsers,
  activeUserSchema,
  activeUsersReading,
  type Engagement,
  engagementReading,
  engagementSchema,
  type LeagueActivity,
  leagueActivityReading,
  leagueActivitySchema,
} from './community.ts'

const activeUsersPath = `${monitoringPath}/active-users`

export const activeUsersPage = (app: App) => {
  const now = (period: LongPeriod = 'last_day') => ({ period, now: app.clock.now() })
  return livePage(app, {
    path: activeUsersPath,
    title: 'Active users',
    navItem: 'users',
    query: t.Object({ ...longQuery, ...pageQueryOf(100) }),
    tools: ({ period = 'last_day' }) => periodLinks(longPeriods, activeUsersPath, period),
    async read(query) {
      const place = pageOf(query)
      return withPagination(await app.reader.read(activeUsersReading, { ...now(query.period), ...place }), place)
    },
    body: (found, { period = 'last_day' }) => activeUsersBody(found, period),
    json: {
      summary: 'Recent users, last seen first',
      schema: t.Array(activeUserSchema),
      of: ({ users }) => users,
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

const activeUsersBody = (
  { users, pagination, before }: Omit<ActiveUsers, 'total'> & { pagination: Pagination },
  period: LongPeriod,
): Html =>
  html`${stats([
    { label: 'Seen', value: number(pagination.total), note: 'in this time' },
    { label: 'Gone quiet', value: number(before), note: `last seen in ${periodWords[period]}` },
  ])}
${denseTable<ActiveUser>({
  caption: 'Users, last seen first',
  rows: users,
  pages: pagination,
  key: ({ id }) => `user-${id}`,
  empty: emptyState('No users', 'Nobody signed in during this time.'),
  columns: [
    { head: 'Name', names: true, cell: user => html`<a href="/admin/users/${user.id}">${name(user.username)}</a>` },
    { head: 'Role', cell: ({ role }) => role },
    { head: 'Country', cell: ({ country }) => (country ? countryName(country) : noValue) },
    { head: 'Last seen', cell: ({ last_seen }) => time(last_seen) },
    { head: 'Last login', cell: ({ last_login }) => time(last_login) },
    { head: 'Leagues', numeric: true, cell: ({ league_count }) => number(league_count) },
    { head: 'Trades today', numeric: true, cell: ({ trades_today }) => number(trades_today) },
  ],
})}
${paginationLinks(pagination, page => address(activeUsersPath, { period, page, limit: pagination.limit }))}`

const engagementPath = `${monitoringPath}/engagement`
const dayRow = t.Object({
  date: dateSchema,
  active: t.Integer(),
  registrations: t.Integer(),
  leagues: t.Integer(),
})

export const engagementPage = (app: App) => {
  const read = (period: LongPeriod = 'last_month') =>
    app.reader.read(engagementReading, { period, now: app.clock.now() })
  return livePage(app, {
    path: engagementPath,
    title: 'Engagement',
    navItem: 'engagement',
    query: t.Object(longQuery),
    tools: ({ period = 'last_month' }) => periodLinks(['last_week', 'last_month'], engagementPath, period),
    read: ({ period }) => read(period),
    body: engagementBody,
    json: { summary: 'Users and new leagues day by day', schema: engagementSchema },
    file: { name: 'engagement', row: dayRow, rows: slicesOf(async ({ period }) => daysOf(await read(period))) },
    live: everySecondAndAHalf,
  })
}

const daysOf = (data: Engagement) =>
  data.daily_active_users.map(({ date, active }, i) => ({
    date,
    active,
    registrations: data.registrations[i]?.users ?? 0,
    leagues: data.league_creation_trend[i]?.leagues ?? 0,
  }))

function engagementBody(data: Engagement): Html {
  const { previous } = data
  const days = daysOf(data).map(day => ({ ...day, at: day.date }))
  const before = periodWords[data.period === 'last_month' ? 'last_month' : 'last_week']
  const [today, ...past] = days.map(({ active }) => active).reverse()
  const active = average(past.filter(active => active > 0)) ?? today ?? null // today is not over
  const registered = sum(days.map(({ registrations }) => registrations))
  const created = sum(days.map(({ leagues }) => leagues))
  const bars = { ongoing: true, kind: 'bars' } as const
  return html`${stats([
    {
      label: 'Active a day',
      value: number(active, { digits: 1 }),
      note: changeMark(percentChange(active, previous.active_a_day), before),
    },
    {
      label: 'Registered',
      value: number(registered),
      note: changeMark(percentChange(registered, previous.registrations), before),
    },
    {
      label: 'New leagues',
      value: number(created),
      note: changeMark(percentChange(created, previous.leagues), before),
    },
  ])}
<div class="charts">
${chartWithTable('Active users a day', days, { Active: ({ active }) => active }, bars)}
${chartWithTable('Registrations a day', days, { Users: ({ registrations }) => registrations }, bars)}
${chartWithTable('New leagues a day', days, { Leagues: ({ leagues }) => leagues }, bars)}
</div>`
}

const average = (values: readonly number[]) => (values.length ? sum(values) / values.length : null)
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

/** Activity in each league, and the archived leagues. */

type Leagues = {
  path: string
  title: string
  navItem: 'leagues' | 'archives'
  summary: string
  archived: boolean
  empty: Content
}

export const leagueActivityPage = (app: App) =>
  leaguesPage(app, {
    path: `${monitoringPath}/league-activity`,
    title: 'Leagues',
    navItem: 'leagues',
    summary: 'Activity in each league, newest first',
    archived: false,
    empty: emptyState('No leagues', 'Officers make the first one.', html`<a href="/leagues/new">New league</a>`),
  })

export const archivesPage = (app: App) =>
  leaguesPage(app, {
    path: '/admin/archives',
    title: 'Archives',
    navItem: 'archives',
    summary: 'Archived leagues',
    archived: true,
    empty: emptyState(
      'No leagues',
      'A league is archived in its settings, is then listed here, and can still be read.',
    ),
  })

function leaguesPage(app: App, { path, title, navItem, summary, archived, empty }: Leagues) {
  const list = ({ limit, offset }: { limit: number; offset: number }) =>
    app.reader.read(leagueActivityReading, { now: app.clock.now(), archived, limit, offset })
  return livePage(app, {
    path,
    title,
    navItem,
    query: t.Object({ ...pageQueryOf(100) }),
    async read(query) {
      const place = pageOf(query)
      return withPagination(await list(place), place)
    },
    body: ({ leagues, pagination }) => html`${leagueTable(app, leagues, pagination, empty)}
${paginationLinks(pagination, page => address(path, { page, limit: pagination.limit }))}`,
    json: {
      summary,
      schema: t.Array(leagueActivitySchema),
      of: ({ leagues }) => leagues,
    },
    file: { name: navItem, row: leagueActivitySchema, rows: async (_, place) => (await list(place)).leagues },
    live: everySecondAndAHalf,
  })
}

/** What is counted of a league, and the tab that lists it. */
const counts = [
  ['Members', 'member_count', 'members'],
  ['Entries', 'entry_count', 'entries'],
  ['Trades', 'trade_count', 'activity'],
  ['Uploads', 'upload_count', 'uploads'],
] as const

const leagueTable = ({ kinds }: App, leagues: readonly LeagueActivity[], pages: Pagination, empty: Content): Content =>
  denseTable<LeagueActivity>({
    caption: 'Leagues, newest first',
    rows: leagues,
    pages,
    key: ({ id }) => `league-${id}`,
    empty,
    columns: [
      { head: 'League', names: true, cell: league => html`<a href="/leagues/${league.id}">${name(league.name)}</a>` },
      { head: 'Kind', cell: ({ kind }) => kinds[kind]?.pages.name },
      { head: 'Status', cell: league => status(league.status) },
      ...counts.map(([head, field, tab]) => ({
        head,
        numeric: true,
        cell: (league: LeagueActivity) => countLink(league[field], `/leagues/${league.id}/${tab}`),
      })),
      { head: 'Made', cell: ({ created_at }) => utcDay(created_at) },
    ],
  })
