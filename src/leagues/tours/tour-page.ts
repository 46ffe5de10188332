/** The list of tours, and the page of one: the state of its feed, its field and its settings. */
import { feedFormats } from '../../../db/schema.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import { isAtLeast } from '../../platform/http/access.ts'
import type { Pagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { address } from '../../ui/parts/address.ts'
import { stats } from '../../ui/parts/figures.ts'
import { action, form, formField } from '../../ui/parts/form.ts'
import { emptyState, notice } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { table } from '../../ui/parts/table.ts'
import { duration, moment, name, number, time, toPar } from '../../ui/parts/values.ts'
import type { Golfer } from './feeds/board.ts'
import { cancelledNotice, golferState, tourBadge, unmatchedNotice } from './page-parts.ts'
import type { TourView } from './tour.ts'

const eventStatusText = (status: string) => status.replaceAll('_', ' ')

export function toursBody(tours: readonly TourView[], pages: Pagination, who: Who | undefined): Html {
  const isOfficer = isAtLeast(who, 'officer')
  return html`<header class="head"><h1>Tours</h1></header>
${table({
  caption: 'Tours',
  rows: tours,
  pages,
  columns: [
    { head: 'Tour', names: true, cell: tour => html`<a href="/tours/${tour.slug}">${name(tour.name)}</a>` },
    { head: 'Feed', cell: tour => tourBadge(tour.status) },
    { head: 'Event', cell: tour => name(tour.event?.name) },
    { head: 'State', cell: tour => tour.event && eventStatusText(tour.event.status) },
    { head: 'Confirmed', cell: tour => time(tour.checked_at) },
    { head: 'Leagues', numeric: true, cell: tour => number(tour.leagues.length) },
  ],
  empty: emptyState(
    'No tours yet',
    isOfficer
      ? 'A tour is a live score feed that leagues get their scores from.'
      : 'As soon as an officer sets up a feed, it appears here.',
  ),
})}
${paginationLinks(pages, (page, limit) => address('/tours', { page, limit }))}
${
  isOfficer &&
  html`<section class="part">
<h2>New tour</h2>
${form(
  { action: '/api/v1/tours', goTo: '/tours/{slug}', done: 'The tour has been made' },
  html`<div class="columns">${formField({ label: 'Name', name: 'name', maxlength: 80, placeholder: 'PGA Tour' })}
${formField({ label: 'Short name', name: 'slug', maxlength: 40, placeholder: 'pga', hint: 'Lower-case letters, digits, - and _; leagues refer to the tour by it' })}</div>
${feedFields({})}`,
  'Make the tour',
)}
</section>`
}`
}

const formatWords: Record<TourView['format'], string> = {
  fieldhouse: 'Fieldhouse JSON',
  datagolf: 'DataGolf in-play',
  espn: 'ESPN scoreboard',
}

const feedFields = (
  tour: Partial<TourView>,
): Html => html`${formField({ label: 'Feed', name: 'feed_url', type: 'url', maxlength: 2000, value: tour.feed_url, hint: html`The web address of the scores, in one of the formats below; <a href="/help/tours">which feeds there are</a>. Only officers see it: it may contain a key` })}
<div class="columns">${formField({
  label: 'Format',
  name: 'format',
  type: 'select',
  value: tour.format ?? 'fieldhouse',
  choices: feedFormats.map(format => [format, formatWords[format]]),
})}
${formField({ label: 'Refresh every … seconds', name: 'interval_s', type: 'number', min: 1, max: 86_400, value: tour.interval_s ?? 180 })}</div>`

export type TourData = {
  tour: TourView
  /** Those of `tour.leagues`. */
  leagues: readonly { id: number; name: string }[]
  players: readonly Golfer[]
  pagination: Pagination
  q: string | undefined
}

export function tourBody(data: TourData, field: Html, who: Who | undefined): Html {
  const { tour } = data
  const isOfficer = isAtLeast(who, 'officer')
  return html`${field}
${isOfficer && tourSettings(tour)}`
}

/** The part that updates itself. */
export function fieldBody({ tour, leagues, players, pagination: pages, q }: TourData, who: Who | undefined): Html {
  const { event } = tour
  const path = `/tours/${tour.slug}`
  return html`<header class="scoreboard">
<h1>${name(tour.name)}</h1>
<div class="facts"><a href="/tours">Tours</a>${tourBadge(tour.status)}${event && html`<span>${name(event.name)}</span><span>${eventStatusText(event.status)}</span>`}${
    isAtLeast(who, 'officer') &&
    html`<span class="actions">${action({ label: 'Update now', look: 'small', action: `/api/v1${path}/update`, follow: true, done: '{message}' })}</span>`
  }</div>
${stats([
  { label: 'Golfers', value: number(pages.total) },
  event?.round ? { label: 'Round', value: number(event.round) } : undefined,
  { label: 'Last checked', value: time(tour.checked_at) },
  { label: 'Next check', value: time(tour.next_update_at), note: html`every ${duration(tour.interval_s * 1_000)}` },
  {
    label: 'Followed until',
    value: time(tour.followed_until),
    note: tour.followed_until ? 'a day past the last league’s end' : 'no league waits for it',
  },
])}
</header>
${feedProblem(tour, who)}${cancelledNotice(event, who)}${isAtLeast(who, 'officer') && unmatchedNotice(tour.slug, tour.unmatched)}
<div class="toolbar"><form class="search" method="get" action="${path}" role="search" data-filters>
<input type="search" name="q" value="${q}" placeholder="Search golfers" aria-label="Search golfers" maxlength="100" autocomplete="off" /><kbd aria-hidden="true">/</kbd>
</form>
<span class="actions">${
    (tour.upcoming || isAtLeast(who, 'officer')) &&
    html`<a class="button small quiet" href="${path}/upcoming">${tour.upcoming ? html`Coming: ${name(tour.upcoming.name)}` : 'Enter the coming event'}</a>`
  }${leagues.map(league => html`<a class="button small quiet" href="/leagues/${league.id}">${name(league.name)}</a>`)}</span></div>
${table({
  caption: `Golfers of ${event?.name ?? tour.name}`,
  rows: players,
  pages,
  rowName: golfer => golfer.name,
  key: golfer => `g-${golfer.player_id}`,
  columns: [
    {
      head: html`<abbr title="Position on the feed">Pos</abbr>`,
      class: 'rank',
      numeric: true,
      cell: golfer => golfer.position,
    },
    { head: 'Golfer', names: true, cell: golfer => name(golfer.name) },
    { head: 'To par', numeric: true, class: 'score', cell: golfer => toPar(golfer.total) },
    { head: 'Today', numeric: true, cell: golfer => toPar(golfer.today) },
    { head: 'Now', class: 'now', folds: true, cell: golfer => golferState(golfer) },
    ...[0, 1, 2, 3].map(round => ({
      head: `R${round + 1}`,
      numeric: true,
      folds: true,
      cell: (golfer: Golfer) => number(golfer.rounds[round]),
    })),
    { head: 'Id', numeric: true, folds: true, cell: golfer => html`<code>${golfer.player_id}</code>` },
  ],
  empty: emptyState(
    q ? 'Nobody found' : 'No field yet',
    q ? html`No name or id here contains “${q}”.` : 'Golfers are here as soon as the feed shows them.',
  ),
})}
${paginationLinks(pages, page => address(path, { q, page }))}`
}

function feedProblem(tour: TourView, who: Who | undefined): Content {
  if (tour.status === 'failing')
    return notice(
      html`The feed failed ${tour.failures > 1 ? html`${number(tour.failures)} times since ${moment(tour.failing_since)}` : time(tour.failing_since)}: ${tour.error}. ${tour.followed_until ? 'It is tried again.' : 'No league waits for it, so it is not tried again by itself: correct its address, update it now, or delete the tour.'}`,
      'bad',
    )
  if (tour.status !== 'held') return null
  return notice(
    html`Held back since ${moment(tour.held_since)}: ${tour.held}. The last good board stays until the feed recovers.
${
  isAtLeast(who, 'officer') &&
  action({
    label: 'Accept it anyway',
    look: 'small',
    action: `/api/v1/tours/${tour.slug}/update`,
    body: { accept: true },
    confirm: 'Accept the answer of the feed as it is? Boards will change.',
    follow: true,
    done: '{message}',
  })
}`,
    'warn',
  )
}

const tourSettings = (tour: TourView): Html => html`<section class="part">
<h2>Settings</h2>
${form(
  { method: 'patch', action: `/api/v1/tours/${tour.slug}`, done: 'Saved' },
  html`${formField({ label: 'Name', name: 'name', maxlength: 80, value: tour.name })}${feedFields(tour)}`,
  'Save',
)}
<div class="steps">
<div class="step"><h3>Delete</h3><p class="quiet">Deletes the tour and everything from its feed. A tour that unfinished leagues use cannot be deleted.</p>
${action({ label: 'Delete the tour', look: 'danger', method: 'delete', action: `/api/v1/tours/${tour.slug}`, confirm: `Delete ${tour.name}? Everything from its feed is deleted too; final boards stay as they are.`, goTo: '/tours', done: 'The tour is deleted' })}</div>
</div>
</section>`
