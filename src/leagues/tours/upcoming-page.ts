/** The page of a tour's coming event: its field, the form for officers to enter it, and players who are not on the feed. */

import { csvLines } from '../../platform/files/csv.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import { isAtLeast } from '../../platform/http/access.ts'
import type { Pagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { counted } from '../../platform/number-text.ts'
import { address } from '../../ui/parts/address.ts'
import { badge } from '../../ui/parts/badges.ts'
import { action, type FormChoices, form, formField } from '../../ui/parts/form.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { table } from '../../ui/parts/table.ts'
import { about, name, number } from '../../ui/parts/values.ts'
import type { Golfer } from './feeds/board.ts'
import type { Unmatched } from './match-field.ts'
import type { Tour, TourEvent } from './tour.ts'
import type { UpcomingPlayer } from './upcoming-field.ts'

export type UpcomingData = {
  tour: Tour
  event: Pick<TourEvent, 'name' | 'source'> | null
  players: readonly UpcomingPlayer[]
  pagination: Pagination
  /** The whole list that was entered by hand, for the form. */
  entered: readonly UpcomingPlayer[]
  unmatched: readonly Unmatched[]
  /** Of their events on the feed, by the event's id: sorted by name. */
  golfers: ReadonlyMap<number, readonly Golfer[]>
}

export function upcomingBody(data: UpcomingData, who: Who | undefined): Html {
  const { tour, event, players, pagination: pages } = data
  const path = `/tours/${tour.slug}/upcoming`
  const isOfficer = isAtLeast(who, 'officer')
  const hasRanks = players.some(({ rank }) => rank !== null)
  const hasOdds = players.some(({ odds }) => odds !== null)
  return html`<header class="head"><h1>${event ? name(event.name) : 'Coming event'}</h1></header>
<p class="quiet">The coming event of <a href="/tours/${tour.slug}">${name(tour.name)}</a>${event && html`, ${event.source === 'hand' ? 'entered by hand' : 'from the feed'}`}. Leagues that start then take their picks from this field.</p>
${isOfficer && unmatchedPart(data)}
${table({
  caption: event ? `Field of ${event.name}` : 'Field of the coming event',
  stack: false,
  rows: players,
  pages,
  columns: [
    {
      head: 'Golfer',
      names: true,
      cell: player => html`${name(player.name)}${player.withdrawn && html` ${badge('withdrawn', 'warn')}`}`,
    },
    hasOdds && { head: 'Odds', numeric: true, cell: ({ odds }) => number(odds) },
    hasRanks && { head: 'World rank', numeric: true, cell: ({ rank }) => number(rank) },
  ],
  empty: emptyState(
    'No field yet',
    isOfficer
      ? 'Enter it below, and members can make their picks.'
      : 'As soon as an officer enters it, it appears here.',
  ),
})}
${paginationLinks(pages, page => address(path, { page }))}
${isOfficer && enterPart(data)}`
}

function enterPart({ tour, event, entered }: UpcomingData): Html {
  const api = `/api/v1/tours/${tour.slug}/upcoming`
  const isByHand = event?.source === 'hand'
  const text = isByHand
    ? csvLines([
        ['name', 'rank', 'odds', 'id'],
        ...entered.map(({ name, rank, odds, player_id }) => [name, rank, odds, player_id]),
      ])
    : undefined
  return html`<section class="part">
<h2>${isByHand ? 'Correct the field' : 'Enter the field by hand'}</h2>
${form(
  { method: 'put', action: api, done: 'The field has been saved' },
  html`${formField({ label: 'Event', name: 'event', maxlength: 200, value: isByHand ? event.name : undefined, placeholder: 'Inland Open', hint: 'As the feed will name it, if you know' })}
${formField({
  label: 'Who plays',
  name: 'text',
  type: 'area',
  value: text,
  placeholder: 'Åke Berglund\nO’Shea, Conor',
  hint: 'Paste names, one per line, or CSV whose first line names its columns: name, rank, odds, id. Once the feed has the event, picks are matched by name',
})}`,
  isByHand ? 'Save' : 'Enter the field',
)}
${isByHand && action({ label: 'Remove the field', look: 'danger small', method: 'delete', action: api, confirm: `Remove the field of ${event.name}?`, done: 'The field is removed' })}
</section>`
}

function unmatchedPart({ tour, unmatched, golfers }: UpcomingData): Content {
  if (unmatched.length === 0) return null
  const choices = ({ event_id }: Unmatched): FormChoices => [
    ['', 'Choose'],
    ...(golfers.get(event_id) ?? []).map(golfer => [golfer.player_id, golfer.name] as const),
  ]
  const api = (playerId: string) => `/api/v1/tours/${tour.slug}/unmatched/${encodeURIComponent(playerId)}`
  return html`<section class="part">
<h2>Not found on the feed</h2>
<p>These players were picked from a list, but the feed has nobody with that name. Until they are matched they score nothing.</p>
${table<Unmatched>({
  caption: 'Picked players who are not on the feed',
  rows: unmatched,
  columns: [
    { head: 'Player', names: true, cell: player => name(player.name) },
    { head: 'Event', cell: ({ event }) => name(event) },
    { head: 'Picked in', cell: ({ entries }) => counted(entries, 'entry', 'entries') },
    {
      head: 'On the feed they are',
      cell: player =>
        form(
          { method: 'put', action: api(player.player_id), done: 'Settled' },
          formField({
            label: `${player.name} is`,
            name: 'golfer',
            id: `f-${player.player_id}`,
            type: 'select',
            choices: choices(player),
          }),
          html`Settle${about(player.name)}`,
        ),
    },
  ],
  actions: player =>
    action({
      label: 'Does not play',
      of: player.name,
      look: 'quiet small',
      method: 'put',
      action: api(player.player_id),
      body: { golfer: null },
      confirm: `${player.name} does not play? The picks stay and score nothing.`,
      done: 'Settled',
    }),
})}
</section>`
}
