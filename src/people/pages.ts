/** The user's own page, and everybody's page across leagues. */
import { t } from 'elysia'
import type { Kind } from '../../db/schema.ts'
import type { App } from '../context.ts'
import { kindOf } from '../leagues/kinds.ts'
import { type Content, type Html, html } from '../platform/html.ts'
import { signedIn } from '../platform/http/access.ts'
import { type Pagination, pageOf, pageQuery, pagination } from '../platform/http/pagination.ts'
import { idParams } from '../platform/http/shared-schemas.ts'
import { page, pageRouter } from '../ui/layout.ts'
import { address } from '../ui/parts/address.ts'
import { movement, status } from '../ui/parts/badges.ts'
import { chart } from '../ui/parts/figures.ts'
import { emptyState } from '../ui/parts/notices.ts'
import { beyondTheEnd, paginationLinks } from '../ui/parts/pagination-links.ts'
import { table } from '../ui/parts/table.ts'
import { countdown, localDay, localMoment, name, number } from '../ui/parts/values.ts'
import { type DueView, overviewOf } from './overview.ts'
import { type PersonAcrossLeagues, personOf } from './routes.ts'
import type { PersonStanding, StandingWithHistory } from './standing.ts'

type Pages = (league: { kind: Kind }) => ReturnType<typeof kindOf>['pages']

export const personPages = (app: App) => {
  const pagesOf: Pages = league => kindOf(app, league).pages

  return pageRouter(app)
    .get(
      '/me',
      async ({ query, who }) => {
        const me = signedIn(who)
        const list = pageOf(query)
        const { due, leagues, total } = await overviewOf(app, me, list)
        const pages = pagination(list, total)
        const body = html`<div class="head"><h1>${name(me.username)}</h1></div>
<p><a href="/people/${me.id}">As others see you</a> · <a href="/account">Your account</a></p>
<section class="part">
<h2>Due</h2>
${dueList(due)}
</section>
<section class="part">
<h2>Your leagues</h2>
${leagueTable(leagues, pages, pagesOf)}
${paginationLinks(pages, (page, limit) => address('/me', { page, limit }))}
</section>`
        return page({ title: 'My page', who, nav: 'me', body })
      },
      { query: t.Object(pageQuery), may: 'member' },
    )
    .get(
      '/people/:id',
      async ({ params: { id }, query, who }) => {
        const list = pageOf(query)
        const person = await personOf(app, id, who, list)
        const body = acrossLeaguesBody(person, pagination(list, person.total), pagesOf)
        return page({ title: person.person.username, who, nav: 'leagues', body })
      },
      { params: idParams, query: t.Object(pageQuery), may: 'reader', counted: true },
    )
}

const dueList = (due: readonly DueView[]): Content =>
  due.length === 0
    ? html`<p class="quiet">Nothing waits for you.</p>`
    : table({
        caption: 'What is due, next first',
        rows: due,
        columns: [
          {
            head: 'What',
            names: true,
            cell: ({ text, league, path }) =>
              html`<a href="${path}">${league ? html`${text}: ${name(league.name)}` : text}</a>`,
          },
          { head: 'In', cell: ({ at }) => countdown(at, 'now') },
          { head: 'At', cell: ({ at }) => localMoment(at) },
        ],
      })

/** One line per row of a board; a league without one has one line. */
type LeagueLine = { league: PersonStanding['league']; row?: PersonStanding['rows'][number] }
const linesOf = ({ league, rows }: PersonStanding): LeagueLine[] =>
  rows.length ? rows.map(row => ({ league, row })) : [{ league }]

const leagueTable = (leagues: readonly PersonStanding[], pages: Pagination, pagesOf: Pages): Content =>
  table({
    caption: 'Your leagues, active ones first',
    rows: leagues.flatMap(linesOf),
    pages,
    empty: emptyState(
      'You are in no league yet',
      'Join one from its board, or open the link of an invitation.',
      html`<a href="/">All leagues</a>`,
    ),
    columns: [
      {
        head: 'League',
        names: true,
        cell: ({ league }) => html`<a href="/leagues/${league.id}">${name(league.name)}</a>`,
      },
      { head: 'Status', cell: ({ league }) => status(league.status) },
      {
        head: 'As',
        cell: ({ league, row }) =>
          row
            ? html`<a href="${cardPath(league.id, row.player_id)}">${name(row.name)}</a>`
            : html`<span class="quiet">${nothingPlayed(pagesOf(league))}</span>`,
      },
      { head: 'Rank', numeric: true, cell: ({ row }) => number(row?.rank) },
      { head: 'Change', cell: ({ row }) => row && movement(row.change) },
      { head: 'Score', numeric: true, cell: ({ league, row }) => pagesOf(league).score(row?.score ?? null) },
      { head: 'Ends', cell: ({ league }) => localDay(league.ends_at) },
    ],
  })

const nothingPlayed = ({ membersPlay }: ReturnType<Pages>) =>
  membersPlay ? 'Nothing played yet' : 'A member; the players of its board are those of its sheets'

const cardPath = (league: number, player: string) => `/leagues/${league}/players/${encodeURIComponent(player)}`

const acrossLeaguesBody = ({ person, leagues }: PersonAcrossLeagues, pages: Pagination, pagesOf: Pages): Html =>
  html`<div class="head"><h1>${name(person.username)}</h1></div>
${leagues.length === 0 && (beyondTheEnd(pages) || emptyState('No leagues that you can see', 'Leagues that are not public are only shown to their members.'))}
${leagues.map(standing => leagueOfPerson(standing, pagesOf))}
${paginationLinks(pages, (page, limit) => address(`/people/${person.id}`, { page, limit }))}`

function leagueOfPerson({ league, rows }: StandingWithHistory, pagesOf: Pages): Html {
  const { score, scoreName } = pagesOf(league)
  return html`<section class="part">
<h2><a href="/leagues/${league.id}">${name(league.name)}</a> ${status(league.status)}</h2>
<p class="quiet">${localDay(league.starts_at)} – ${localDay(league.ends_at)}</p>
${rows.length === 0 && html`<p>${nothingPlayed(pagesOf(league))}.</p>`}
${
  rows.length > 0 &&
  table({
    caption: `In ${league.name}`,
    rows,
    columns: [
      {
        head: 'As',
        names: true,
        cell: row => html`<a href="${cardPath(league.id, row.player_id)}">${name(row.name)}</a>`,
      },
      { head: 'Rank', numeric: true, cell: row => number(row.rank) },
      { head: 'Change', cell: row => movement(row.change) },
      { head: scoreName, numeric: true, cell: row => score(row.score) },
    ],
  })
}
${rows
  .filter(({ history }) => history.length > 1)
  .slice(0, 3)
  .map(row =>
    chart({
      label: `${scoreName} of ${row.name} over time`,
      times: row.history.map(({ at }) => Date.parse(at)),
      series: [{ label: scoreName, values: row.history.map(({ score }) => score) }],
    }),
  )}
</section>`
}
