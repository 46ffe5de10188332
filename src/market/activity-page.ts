import type { LeagueView } from '../leagues/league.ts'
import type { Who } from '../runtime/exchange.ts'
import { type Html, html } from '../runtime/html.ts'
import type { Pagination } from '../runtime/page.ts'
import { leagueHead } from '../web/pages/league-head.ts'
import { address } from '../web/parts/address.ts'
import { emptyState } from '../web/parts/notices.ts'
import { pagination } from '../web/parts/pages.ts'
import { table } from '../web/parts/table.ts'
import { money, name, number, time } from '../web/parts/values.ts'
import type { ActivityView } from './ledger.ts'
import { sideMark } from './trade-page.ts'

export type ActivityData = { league: LeagueView; activity: readonly ActivityView[]; pagination: Pagination }

/** What has happened in a league, live. */
export function activityBody({ league, activity, pagination: pages }: ActivityData, who: Who | undefined): Html {
  const path = `/leagues/${league.id}`
  return html`${leagueHead({ league, who, tab: 'activity' })}
${table({
  caption: 'Activity, the newest first',
  rows: activity,
  key: each => `a-${each.id}`,
  columns: [
    { head: 'When', cell: ({ at }) => time(at) },
    {
      head: 'Who',
      names: true,
      cell: ({ user_id, username }) => html`<a href="${path}/players/${user_id}">${name(username)}</a>`,
    },
    { head: 'What', cell: ({ side }) => (side ? sideMark(side) : 'joined') },
    { head: 'Symbol', cell: ({ symbol }) => symbol },
    { head: 'Quantity', numeric: true, cell: each => each.quantity !== null && number(each.quantity) },
    { head: 'Price', numeric: true, cell: each => each.price_cents !== null && money(each.price_cents) },
  ],
  empty: emptyState('Quiet so far', 'Who joins and who trades is told here.'),
})}
${pagination(pages, page => address(`${path}/activity`, { page }))}`
}
