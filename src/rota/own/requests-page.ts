/** What waits for an officer: leave and swaps. */
import { type Content, type Html, html } from '../../platform/html.ts'
import type { Pagination } from '../../platform/http/pagination.ts'
import { badge } from '../../ui/parts/badges.ts'
import { action } from '../../ui/parts/form.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { table } from '../../ui/parts/table.ts'
import { countLink, name, number, time } from '../../ui/parts/values.ts'
import { dateSpan } from '../calendar-view.ts'
import { shiftsAddress } from '../rota-layout.ts'
import type { LeaveView } from './leave.ts'
import type { Swap } from './swaps.ts'

type Requests = {
  swaps: { swaps: readonly Swap[]; pagination: Pagination }
  leave: { leave: readonly LeaveView[]; pagination: Pagination }
  othersAway(leave: LeaveView): readonly string[]
  /** The address of other pages of the two lists. */
  to(pages: { swaps?: number; page?: number }): string
  today: string
}

const decline = (id: number, label: string, of: string, confirm: string): Html =>
  action({
    label,
    of,
    look: 'quiet small',
    action: `/api/v1/roster/leave/${id}/decline`,
    confirm,
    ask: { name: 'reason', label: 'Why', optional: true },
  })

const leaveDuties = ({ staff_id, from, to, duties, first_duty }: LeaveView): Content =>
  countLink(duties, shiftsAddress({ start: first_duty ?? from, end: to, staff_id }))

const people = (names: readonly string[]): Content =>
  names.length > 0 && html`${number(names.length)} <small class="quiet">${names.join(', ')}</small>`

export const requestsBody = ({
  swaps: { swaps, pagination: swapPages },
  leave: { leave, pagination },
  othersAway,
  to,
  today,
}: Requests): Html => html`<section class="part"><h2>Swaps</h2>
${table({
  caption: 'Duties that people offer',
  rows: swaps,
  pages: swapPages,
  columns: [
    {
      head: 'Shift',
      names: true,
      cell: ({ shift_id, words }) => html`<a href="/rota/shifts/${shift_id}">${words}</a>`,
    },
    {
      head: 'From',
      cell: one => html`${name(one.name)}${one.note && html` <small class="quiet">${one.note}</small>`}`,
    },
    {
      head: 'To',
      cell: ({ taken_by, in_return }) =>
        taken_by
          ? html`${name(taken_by.name)}${in_return && html` <small class="quiet">for ${in_return.words}</small>`}`
          : badge('open', 'quiet'),
    },
  ],
  actions: ({ id, name, words, state }) =>
    html`<span class="actions">${
      state === 'taken' &&
      action({
        label: 'Approve',
        of: `${words}, ${name}`,
        look: 'small',
        action: `/api/v1/roster/swaps/${id}/approve`,
        done: 'The swap is made',
      })
    }${action({ label: 'Decline', of: `${words}, ${name}`, look: 'quiet small', action: `/api/v1/roster/swaps/${id}/decline`, confirm: 'Decline this swap?', ask: { name: 'reason', label: 'Why', optional: true } })}</span>`,
  empty: emptyState(
    'No swaps',
    'People offer their shifts under “My shifts”; swaps that a colleague takes appear here for approval.',
  ),
})}
${paginationLinks(swapPages, swaps => to({ swaps }), 'Pages of swaps')}</section>
<section class="part" id="leave"><h2>Leave</h2>
${table({
  caption: 'Leave that people have asked for',
  rows: leave,
  pages: pagination,
  columns: [
    { head: 'Name', names: true, cell: one => html`<a href="/rota/staff/${one.staff_id}">${name(one.name)}</a>` },
    { head: 'Days', cell: ({ from, to }) => dateSpan(from, to) },
    { head: 'Why', cell: ({ note }) => note },
    { head: 'Shifts then', numeric: true, cell: leaveDuties },
    { head: 'Away then', cell: one => one.state === 'pending' && people(othersAway(one)) },
    { head: 'Asked', cell: ({ created_at }) => time(created_at) },
    {
      head: 'State',
      cell: ({ id, name, state, duties, from, to }) => {
        const of = `${name}, ${dateSpan(from, to)}`
        return state === 'pending'
          ? html`<span class="actions">${action({ label: 'Approve', of, look: 'small', action: `/api/v1/roster/leave/${id}/approve`, done: 'Approved', ...(duties > 0 && { confirm: `Approve it? They have ${duties === 1 ? 'a shift' : `${duties} shifts`} in these days, which will show as broken.` }) })}${decline(id, 'Decline', of, 'Decline this leave?')}</span>`
          : html`${badge(state, 'quiet')}${state === 'approved' && to >= today && html` ${decline(id, 'Decline after all', of, 'Decline this leave although it was approved? They can be planned on these days again.')}`}`
      },
    },
  ],
  empty: emptyState('No leave', 'People ask for leave under “My shifts”.'),
})}
${paginationLinks(pagination, page => `${to({ page })}#leave`, 'Pages of leave')}</section>`
