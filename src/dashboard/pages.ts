/** The state of the rota: two weeks in numbers, expiring certificates, and the health of sites and leagues. */
import { type Static, t } from 'elysia'
import { cached } from '../cached.ts'
import type { App } from '../context.ts'
import { type Html, html } from '../platform/html.ts'
import { itemsOfPage, pageOf, pageQuery, pagination } from '../platform/http/pagination.ts'
import { brokenDutiesNow } from '../rota/broken-alert.ts'
import type { BrokenDuty } from '../rota/broken-duties.ts'
import { dateSpan } from '../rota/calendar-view.ts'
import { longDate } from '../rota/long-date.ts'
import { type RosterMetrics, rosterMetrics } from '../rota/roster-metrics.ts'
import { rotaPage, shiftsAddress } from '../rota/rota-layout.ts'
import { pageRouter } from '../ui/layout.ts'
import { address } from '../ui/parts/address.ts'
import { badge, type Tone } from '../ui/parts/badges.ts'
import { stats } from '../ui/parts/figures.ts'
import { emptyState } from '../ui/parts/notices.ts'
import { paginationLinks } from '../ui/parts/pagination-links.ts'
import { table } from '../ui/parts/table.ts'
import { money, name, number, percent, time } from '../ui/parts/values.ts'
import { healthScoresNow } from './record-league-health.ts'
import type { ScoreView } from './weighted-score.ts'

/** The page of each of its two lists. */
const listsQuery = t.Object({ broken: pageQuery.page, certificates: pageQuery.page })
type ListsQuery = Static<typeof listsQuery>

export const dashboardPages = (app: App) => {
  const { cache, clock, reader } = app
  return pageRouter(app).get(
    '/rota/dashboard',
    async ({ query, who }) => {
      const load = () => reader.read(rosterMetrics, { now: clock.now() })
      const metrics = await cache.read(cached.dashboardMetrics, [], load)
      const broken = await brokenDutiesNow(app)
      const body = dashboardBody(metrics.value, broken, query, await healthScoresNow(app))
      return rotaPage({ tab: 'dashboard', title: 'Dashboard', who, body })
    },
    { query: listsQuery, may: 'officer' },
  )
}

const tones: Record<ScoreView['level'], Tone> = { good: 'good', watch: 'warn', at_risk: 'bad', no_data: 'quiet' }

const listNames = { broken: 'duties that break a rule', certificates: 'certificates' }

/** The rows of a list that are shown, and the links to the others. */
function pageOfList<Row>(list: keyof ListsQuery, rows: readonly Row[], query: ListsQuery) {
  const slice = pageOf({ page: query[list], limit: 50 })
  const to = (page: number) => `${address('/rota/dashboard', { ...query, [list]: page })}#${list}`
  const pages = pagination(slice, rows.length)
  return { rows: itemsOfPage(rows, slice), pages, links: paginationLinks(pages, to, `Pages of ${listNames[list]}`) }
}

const dashboardBody = (
  metrics: RosterMetrics,
  broken: readonly BrokenDuty[],
  query: ListsQuery,
  scores: readonly ScoreView[],
): Html => html`${broken.length > 0 && brokenPart(broken, query)}
${week('This week', metrics.this_week)}
${week('Next week', metrics.next_week)}
${healthPart(scores)}
${certificatesPart(metrics, query)}
${daysPart(metrics.daily)}`

function brokenPart(broken: readonly BrokenDuty[], query: ListsQuery): Html {
  const { rows, pages, links } = pageOfList('broken', broken, query)
  return html`<section class="part" id="broken"><h2>Cannot be worked as planned</h2>
${table({
  caption: 'Duties that break a rule now',
  rows,
  pages,
  columns: [
    {
      head: 'Shift',
      names: true,
      cell: one => html`<a href="/rota/shifts/${one.shift_id}">${longDate(one.date)}, ${name(one.site)}</a>`,
    },
    { head: 'Who', cell: one => name(one.name) },
    { head: 'Why', class: 'advice', cell: one => one.against.map(({ message }) => html`<div>${message}</div>`) },
  ],
})}
${links}</section>`
}

function healthPart(scores: readonly ScoreView[]): Html {
  const league = scores.find(({ subject }) => subject === 'league')
  return html`<section class="part"><h2>Health</h2>
${table({
  caption: 'Sites and leagues, worst first',
  rows: scores,
  columns: [
    {
      head: 'Name',
      names: true,
      cell: ({ subject, id, name: title }) =>
        html`<a href="${subject === 'site' ? `/rota?site_id=${id}` : `/leagues/${id}`}">${name(title)}</a> <small class="quiet">${subject}</small>`,
    },
    {
      head: 'Score',
      numeric: true,
      cell: ({ score }) => (score === null ? html`<span class="quiet">–</span>` : number(score)),
    },
    { head: 'Level', cell: ({ level }) => badge(level.replace('_', ' '), tones[level]) },
    {
      head: 'What would help',
      class: 'advice',
      cell: ({ recommendations }) => recommendations.map(each => html`<div>${each}</div>`),
    },
  ],
  empty: emptyState('No sites yet', 'Active leagues are checked every 12 hours, at noon and midnight UTC.'),
})}
${league && html`<p class="quiet">Sites as they are now; leagues were checked ${time(league.at)}, as every 12 hours</p>`}</section>`
}

function certificatesPart(
  { expired_certificates: expired, expiring_certificates: expiring }: RosterMetrics,
  query: ListsQuery,
): Html {
  const hasExpired = new Set(expired)
  const { rows, pages, links } = pageOfList('certificates', [...expired, ...expiring], query)
  return html`<section class="part" id="certificates"><h2>Expiring certificates</h2>
${table({
  caption: 'Expired, or expiring within 60 days',
  rows,
  pages,
  columns: [
    { head: 'Name', names: true, cell: one => html`<a href="/rota/staff/${one.staff_id}">${name(one.name)}</a>` },
    { head: 'Certificate', cell: one => name(one.certification) },
    {
      head: 'Valid through',
      cell: one => html`${longDate(one.expires_on)}${hasExpired.has(one) && html` ${badge('expired', 'bad')}`}`,
    },
  ],
  empty: html`<p class="quiet">None has expired, and none will within 60 days.</p>`,
})}
${links}</section>`
}

const daysPart = (daily: RosterMetrics['daily']): Html => html`<section class="part"><h2>Day by day</h2>
${table({
  caption: 'Numbers of each day',
  dense: true,
  rows: daily,
  rowName: ({ day }) => longDate(day),
  columns: [
    { head: 'Day', names: true, cell: ({ day }) => longDate(day) },
    { head: 'Shifts', numeric: true, cell: row => number(row.shifts) },
    { head: 'Filled', numeric: true, cell: row => html`${number(row.filled)} of ${number(row.places)}` },
    { head: 'Hours', numeric: true, folds: true, cell: row => number(row.hours) },
    { head: 'Cost', numeric: true, folds: true, cell: row => money(row.cost_cents) },
    { head: 'Active users', numeric: true, folds: true, cell: row => number(row.active_users) },
    { head: 'Uploads', numeric: true, folds: true, cell: row => number(row.uploads) },
    { head: 'Trades', numeric: true, folds: true, cell: row => number(row.trades) },
    {
      head: 'Jobs failed',
      numeric: true,
      folds: true,
      cell: row => html`${number(row.failed_runs)} of ${number(row.runs)}`,
    },
  ],
  empty: html`<p class="quiet">The first numbers come at midnight UTC.</p>`,
})}</section>`

const week = (title: string, sum: RosterMetrics['this_week']): Html => html`<section class="part">
<h2>${title} <small class="quiet">${dateSpan(sum.start, sum.end)}</small></h2>
${stats([
  {
    label: 'Shifts',
    value: html`<a href="${shiftsAddress({ start: sum.start, end: sum.end })}">${number(sum.shifts)}</a>`,
  },
  {
    label: 'Covered',
    value: percent(sum.coverage === null ? null : sum.coverage * 100),
    note: `${sum.filled} of ${sum.places} places`,
  },
  { label: 'Hours', value: number(sum.hours) },
  { label: 'Cost', value: money(sum.cost_cents) },
])}</section>`
