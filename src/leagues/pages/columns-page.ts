/** Which columns of a board a reader sees and in which order: stored in a cookie of their browser. */

import { csrfInput } from '../../accounts/csrf.ts'
import type { App } from '../../context.ts'
import { canonicalQuery } from '../../leaderboard/query.ts'
import { answerValue } from '../../platform/cache/cache.ts'
import { type Html, html } from '../../platform/html.ts'
import { requestContext, type Who } from '../../platform/http/request-context.ts'
import { seeOther } from '../../platform/http/responses.ts'
import { idParams } from '../../platform/http/shared-schemas.ts'
import { page, pageRouter } from '../../ui/layout.ts'
import { emptyState, notice } from '../../ui/parts/notices.ts'
import { orderedChecks } from '../../ui/parts/ordered-checks.ts'
import { readBoard } from '../board.ts'
import { columnsOfRow, joinColumnList, maxColumnsLength, readColumnList, shownColumns } from '../columns.ts'
import { columnName, type Headings } from '../headings.ts'
import type { KindPages } from '../kind-pages.ts'
import { kindOf } from '../kinds.ts'
import type { League, LeagueView } from '../league.ts'
import { leagueViewById } from '../queries.ts'
import { readableLeague } from '../visibility.ts'
import { leagueHead } from './league-head.ts'

const cookie = 'columns'
const secondsPerYear = 365 * 24 * 3600

/** Sent only with pages of this league. */
const cookieOf = (league: number, columns: readonly string[] | undefined) =>
  `${cookie}=${columns ? joinColumnList(columns) : ''}; Path=/leagues/${league}; Max-Age=${columns ? secondsPerYear : 0}; SameSite=Lax; HttpOnly`

/** The reader's choice for this league, if any. */
export function ownColumns(request: Request): string[] | undefined {
  const text = request.headers.get('cookie')?.match(/(?:^|;\s*)columns=([^;]*)/)?.[1]
  const columns = text ? readColumnList(text) : []
  return columns.length > 0 ? columns : undefined
}

/** The league's choice for everyone. */
export const columnsOfLeague = ({ config: { columns } }: Pick<League, 'config'>): string[] | undefined =>
  Array.isArray(columns) ? columns.filter(column => typeof column === 'string') : undefined

export const columnPages = (app: App) => {
  const { db, clock } = app

  async function availableColumns(league: League): Promise<string[]> {
    const board = await readBoard(app, league, canonicalQuery({}))
    return columnsOfRow(answerValue(board).rows[0])
  }
  const columnsPage = (league: League, columns: ColumnRow[], who: Who | undefined, refusal?: string) => {
    const view = leagueViewById(db, league.id, clock.now())
    const { pages: kind, headings } = kindOf(app, league)
    const body = columnsBody({ league: view, kind, headings: headings?.(app, league), columns }, who, refusal)
    return page({ title: `Columns of ${league.name}`, who, nav: 'leagues', body }, refusal ? 422 : 200)
  }

  return pageRouter(app)
    .get(
      '/leagues/:id/columns',
      async ({ params: { id }, who, request }) => {
        const league = readableLeague(db, id, who)
        const all = await availableColumns(league)
        const ticked = shownColumns(all, ownColumns(request) ?? columnsOfLeague(league), 'score')
        return columnsPage(league, rowsOf([...new Set([...ticked, ...all])], ticked), who)
      },
      { params: idParams, may: 'reader', counted: true },
    )
    .post(
      '/leagues/:id/columns',
      async ({ params: { id }, who, request }) => {
        const league = readableLeague(db, id, who)
        const all = await availableColumns(league)
        const form = new URLSearchParams(await request.text())
        const order = form.getAll('order').filter(column => all.includes(column))
        const ticked = form.getAll('columns[]').filter(column => all.includes(column))
        const move = /^(up|down):(.*)$/s.exec(form.get('move') ?? '')
        if (move)
          return columnsPage(league, rowsOf(moveColumn(order, move[2]!, move[1] === 'up' ? -1 : 1), ticked), who)
        const isReset = form.has('reset') || ticked.length === 0
        if (!isReset && joinColumnList(ticked).length > maxColumnsLength)
          return columnsPage(
            league,
            rowsOf([...new Set([...order, ...all])], ticked),
            who,
            'These are more columns than a browser can remember: tick fewer.',
          )
        requestContext(request).headers.push(['set-cookie', cookieOf(id, isReset ? undefined : ticked)])
        return seeOther(`/leagues/${id}`)
      },
      { params: idParams, parse: 'none', may: 'reader', counted: true },
    )
}

type ColumnRow = { column: string; ticked: boolean }
const rowsOf = (order: readonly string[], ticked: readonly string[]): ColumnRow[] =>
  order.map(column => ({ column, ticked: ticked.includes(column) }))

function moveColumn(order: readonly string[], column: string, by: 1 | -1): string[] {
  const from = order.indexOf(column)
  const to = from + by
  if (from < 0 || to < 0 || to >= order.length) return [...order]
  const without = order.filter(other => other !== column)
  return [...without.slice(0, to), column, ...without.slice(to)]
}

type ColumnsData = { league: LeagueView; kind: KindPages; headings: Headings | undefined; columns: ColumnRow[] }

function columnsBody(
  { league, kind, headings, columns }: ColumnsData,
  who: Who | undefined,
  refusal: string | undefined,
): Html {
  const path = `/leagues/${league.id}`
  const head = leagueHead({ league, kind, who, title: 'Columns of the board' })
  if (columns.length === 0)
    return html`${head}${emptyState('No columns yet', 'They come with the first scores.', html`<a href="${path}">To the board</a>`)}`
  return html`${head}
<form class="form" method="post" action="${path}/columns">
${refusal && notice(refusal, 'bad')}
${csrfInput(who)}
<button type="submit" class="sr" tabindex="-1">Show these columns</button>
${orderedChecks({
  label: 'Columns you see',
  name: 'columns',
  moveName: 'move',
  hint: 'Your own choice for this board, kept in this browser. Rank and name are always shown.',
  choices: columns.map(({ column, ticked }) => ({
    value: column,
    label: columnName(column, kind.scoreName, headings),
    ticked,
  })),
})}
<div class="submit"><button type="submit">Show these columns</button> <button type="submit" name="reset" value="1" class="quiet">Reset</button> <a href="${path}">To the board</a></div>
</form>`
}
