/** What goes on in each league, and the archived ones. */
import { t } from 'elysia'
import type { App } from '../../context.ts'
import { type Html, html } from '../../platform/html.ts'
import { type Pagination, pageOf, pageQuery, pagination as paginationOf } from '../../platform/http/pagination.ts'
import { address } from '../../ui/parts/address.ts'
import { status } from '../../ui/parts/badges.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { table } from '../../ui/parts/table.ts'
import { dayText, name, number } from '../../ui/parts/values.ts'
import { everySecondAndAHalf, livePage } from '../pages/live-page.ts'
import { type LeagueActivity, leagueActivityReading, leagueActivitySchema } from './league-activity.ts'
import { monitoringPath } from './parts.ts'

const listed = t.Object({ page: pageQuery.page, limit: t.Optional(t.Integer({ default: 100 })) })
const answered = { schema: t.Array(leagueActivitySchema) }

export const leagueActivityPage = (app: App) =>
  livePage(app, {
    ...leaguesWhere(app, false),
    path: `${monitoringPath}/league-activity`,
    title: 'Leagues',
    room: 'leagues',
    body: ({ leagues, pages }) =>
      body(leagues, pages, `${monitoringPath}/league-activity`, 'Officers make the first one.'),
    json: { ...answered, summary: 'What goes on in each league, the newest first', of: listOf, pages: pagesOf },
  })

export const archivesPage = (app: App) =>
  livePage(app, {
    ...leaguesWhere(app, true),
    path: '/admin/archives',
    title: 'Archives',
    room: 'archives',
    body: ({ leagues, pages }) =>
      body(leagues, pages, '/admin/archives', 'What is archived is listed here and read as before.'),
    json: { ...answered, summary: 'Archived leagues', of: listOf, pages: pagesOf },
  })

type Listed = { leagues: LeagueActivity[]; pages: Pagination }
const listOf = ({ leagues }: Listed) => leagues
const pagesOf = ({ pages }: Listed) => pages

function leaguesWhere({ reader, clock }: App, archived: boolean) {
  const list = (place: { limit: number; offset: number }) =>
    reader.read(leagueActivityReading, { now: clock.now(), archived, limit: place.limit, offset: place.offset })
  return {
    query: listed,
    async read(query: { page?: number; limit?: number }): Promise<Listed> {
      const place = pageOf(query)
      const { leagues, total } = await list(place)
      return { leagues, pages: paginationOf(place, total) }
    },
    file: {
      name: archived ? 'archives' : 'leagues',
      row: leagueActivitySchema,
      rows: async (_: unknown, place: { limit: number; offset: number }) => (await list(place)).leagues,
    },
    live: everySecondAndAHalf,
  }
}

const body = (leagues: readonly LeagueActivity[], pages: Pagination, path: string, whenEmpty: string): Html =>
  html`${table<LeagueActivity>({
    caption: 'Leagues, the newest first',
    dense: true,
    stack: true,
    rows: leagues,
    key: ({ id }) => `league-${id}`,
    empty: emptyState('No league is here', whenEmpty),
    columns: [
      { head: 'League', names: true, cell: league => html`<a href="/leagues/${league.id}">${name(league.name)}</a>` },
      { head: 'Kind', cell: ({ kind }) => kind },
      { head: 'State', cell: league => status(league.status) },
      { head: 'Members', numeric: true, cell: ({ member_count }) => number(member_count) },
      { head: 'Entries', numeric: true, cell: ({ entry_count }) => number(entry_count) },
      { head: 'Trades', numeric: true, cell: ({ trade_count }) => number(trade_count) },
      { head: 'Uploads', numeric: true, cell: ({ upload_count }) => number(upload_count) },
      { head: 'Made', cell: ({ created_at }) => dayText(created_at) },
    ],
  })}
${paginationLinks(pages, page => address(path, { page }))}`
