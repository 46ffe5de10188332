import { type Content, type Html, html } from '../../platform/html.ts'
import type { Pagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { address } from '../../ui/parts/address.ts'
import { badge } from '../../ui/parts/badges.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { table } from '../../ui/parts/table.ts'
import { money, name, number, time } from '../../ui/parts/values.ts'
import type { LeagueView } from '../league.ts'
import { leagueHead } from '../pages/league-head.ts'
import { marketKindPages } from './kind-pages.ts'
import type { ActivityView } from './ledger.ts'
import { sideMark } from './portfolio-parts.ts'

type ActivityData = { league: LeagueView; activity: readonly ActivityView[]; pagination: Pagination }

/** What happens in a league, live. */
export function activityBody({ league, activity, pagination: pages }: ActivityData, who: Who | undefined): Html {
  const path = `/leagues/${league.id}`
  return html`${leagueHead({ league, kind: marketKindPages, who, tab: 'activity' })}
${table({
  caption: 'Activity, newest first',
  rows: activity,
  pages,
  key: each => `a-${each.id}`,
  columns: [
    { head: 'When', cell: ({ at }) => time(at) },
    {
      head: 'Who',
      names: true,
      cell: ({ user_id, username }) => html`<a href="${path}/players/${user_id}">${name(username)}</a>`,
    },
    { head: 'What', cell: activityText },
    { head: 'Symbol', cell: ({ symbol }) => symbol },
    { head: 'Quantity', numeric: true, cell: each => each.quantity !== null && number(each.quantity) },
    { head: 'Price', numeric: true, cell: each => each.price_cents !== null && money(each.price_cents) },
  ],
  empty: emptyState('No activity yet', 'People who join and trades appear here.'),
})}
${paginationLinks(pages, (page, limit) => address(`${path}/activity`, { page, limit }))}`
}

function activityText({ kind, side, reason }: ActivityView): Content {
  const mark = side ? sideMark(side) : kind === 'undone' ? 'dividend' : kind
  return html`${mark}${kind === 'undone' && html` ${badge('taken back', 'warn')}`}${reason && html`<small class="quiet">${reason}</small>`}`
}
