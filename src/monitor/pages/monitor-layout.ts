/**
 * The frame of the monitor's pages: navigation at the side, a head with the state, tools that all pages share, and the
 * page below.
 */
import type { App } from '../../context.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { page } from '../../ui/layout.ts'
import { address, type Params } from '../../ui/parts/address.ts'
import { type Chart, chart } from '../../ui/parts/figures.ts'
import { denseTable } from '../../ui/parts/table.ts'
import { moment, noValue, number, percent, utcDay } from '../../ui/parts/values.ts'
import { alertStats } from '../alerts/queries.ts'
import { type MonitorPeriod, periodNames } from '../period.ts'

/** The pages of the monitor, in the order of the navigation. */
const navigation = {
  Now: {
    overview: ['/admin/monitoring/', 'Overview'],
    tasks: ['/admin/task-monitor', 'Tasks'],
    jobs: ['/admin/task-monitor/jobs', 'Jobs'],
    alerts: ['/admin/monitoring/alerts', 'Alerts'],
  },
  Community: {
    users: ['/admin/monitoring/active-users', 'Active users'],
    engagement: ['/admin/monitoring/engagement', 'Engagement'],
    leagues: ['/admin/monitoring/league-activity', 'Leagues'],
    trading: ['/admin/monitoring/trading-activity', 'Trading'],
    risk: ['/admin/monitoring/risk-assessment', 'Risk'],
  },
  Machine: {
    performance: ['/admin/monitoring/performance', 'Performance'],
    cache: ['/admin/monitoring/cache', 'Cache'],
    queue: ['/admin/queue-inspect', 'Queues'],
    redis: ['/admin/redis-stats', 'Redis'],
  },
  Records: {
    audit: ['/admin/audit/logs', 'Audit'],
    archives: ['/admin/archives', 'Archives'],
    backups: ['/admin/backups', 'Backups'],
    accounts: ['/admin/users', 'Accounts'],
    settings: ['/admin/settings', 'Settings'],
  },
} as const
type Navigation = typeof navigation
export type MonitorNavItem = { [Group in keyof Navigation]: keyof Navigation[Group] }[keyof Navigation]

type MonitorPage = {
  title: string
  who: Who | undefined
  navItem: MonitorNavItem
  body: Content
  /** Next to the title: periods, exports. */
  tools?: Content
  /** The page updates itself: seconds after which a reader without JavaScript gets it again. */
  reload?: number
  scripts?: readonly string[]
}

export const monitorPage = (
  app: App,
  { title, who, navItem, body, tools, reload, scripts = [] }: MonitorPage,
): Response =>
  page({
    title,
    who,
    nav: 'monitor',
    styles: ['monitor.css'],
    scripts: ['monitor.js', ...scripts],
    reload,
    body: html`<div class="monitor" data-now="${app.clock.now()}">
<nav class="monitor-nav" aria-label="Monitor">${Object.entries(navigation).map(([group, links]) => navGroup(group, links, navItem, app))}</nav>
<div class="monitor-page">
<div class="head">
  <h1>${title}</h1>
  <div class="tools">
    ${tools}
    ${reload && connectionState}
    <button type="button" class="small quiet needs-js" data-times-switch aria-pressed="false" title="Show times in UTC instead of how long ago">UTC</button>
    <button type="button" class="small quiet needs-js" data-keys title="Keys (?)" aria-label="Keys">?</button>
  </div>
</div>
${body}
</div>
</div>`,
  })

/** Whether the page is up to date. Updated by monitor.js. */
const connectionState = html`<span class="feed needs-js" data-feed="connecting"><span role="status">Connecting</span></span>
    <button type="button" class="small quiet needs-js" data-pause aria-pressed="false" title="Hold the page still (p)">Pause</button>`

const navGroup = (
  group: string,
  links: Record<string, readonly [string, string]>,
  navItem: MonitorNavItem,
  app: App,
): Html =>
  html`<div><h2>${group}</h2>${Object.entries(links).map(
    ([name, [href, label]]) =>
      html`<a href="${href}" ${name === navItem && html`aria-current="page"`}>${name === 'redis' ? redisTitle(app) : label}${name === 'alerts' && alertCount(app)}</a>`,
  )}</div>`

/** Without Redis, the queue's file is shown instead. */
export const redisTitle = ({ redis }: Pick<App, 'redis'>): string => (redis ? 'Redis' : 'Queue file')

type OpenAlerts = { open: number; tone: 'bad' | 'warn' }
export function openAlerts({ db }: Pick<App, 'db'>): OpenAlerts {
  const { total_active: open, by_severity: by } = alertStats(db)
  return { open, tone: by.critical + by.error ? 'bad' : 'warn' }
}

/** The number of open alerts, on every page; monitor.js updates it. */
function alertCount(app: App): Html {
  const { open, tone } = openAlerts(app)
  return html` <span class="count ${tone}" data-alerts ${open === 0 && html`hidden`}><span>${open}</span><span class="sr"> open</span></span>`
}

export const contentVersion = (content: unknown): string => Bun.hash(JSON.stringify(content)).toString(36)

type ChoiceLinks = {
  label: string
  /** The parameter of the address that they set. */
  name: string
  choices: readonly (readonly [value: string, label: Content])[]
  path: string
  query?: Params
  chosen?: string | number
}

export const choiceLinks = ({
  label,
  name,
  choices,
  path,
  query = {},
  chosen = query[name] ?? '',
}: ChoiceLinks): Html =>
  html`<nav class="filters" aria-label="${label}" data-choice="${name}">${choices.map(
    ([value, text]) =>
      html`<a href="${address(path, { ...query, [name]: value, page: undefined })}" ${value === chosen && html`aria-current="true"`}>${text}</a>`,
  )}</nav>`

export const exportLinks = (path: string, query: Params): Html => {
  const filter = { ...query, page: undefined, limit: undefined }
  return html`<span class="exports">Export <a href="${address(`${path}.csv`, filter)}" download>CSV</a> <a href="${address(`${path}.json`, filter)}" download>JSON</a></span>`
}

/** Filters of a list, kept in the address: a form that works in any browser. */

type Filter = {
  name: string
  label: string
  value: string | undefined
  /** Hidden: chosen elsewhere on the page, and kept. */
  type?: 'search' | 'text' | 'date' | 'datetime-local' | 'hidden'
  placeholder?: string
  /** One of these; '' means any. */
  choices?: readonly string[]
}

export const filterForm = (path: string, filters: readonly Filter[]): Html =>
  html`<form class="filtering" method="get" action="${path}" role="search" data-filters>
${filters.map(filterField)}
<button type="submit" class="small quiet">Filter</button>
${filters.some(({ value }) => value) && html`<a href="${path}">Clear</a>`}
</form>`

function filterField({ name, label, value, type = 'text', placeholder, choices }: Filter): Content {
  if (type === 'hidden') return value && html`<input type="hidden" name="${name}" value="${value}" />`
  const input = choices
    ? html`<select name="${name}">${choices.map(choice => html`<option value="${choice}" ${choice === (value ?? '') && html`selected`}>${choice || 'any'}</option>`)}</select>`
    : html`<input type="${type}" name="${name}" value="${value}" maxlength="200" ${placeholder && html`placeholder="${placeholder}"`} />`
  return html`<label class="${type}">${label}${input}</label>`
}

/** Shared by the pages of the monitor: periods, changes since the period before, charts with tables. */

export const monitoringPath = '/admin/monitoring'

export const periodLinks = (
  all: readonly MonitorPeriod[],
  path: string,
  period: MonitorPeriod,
  query: Record<string, string | undefined> = {},
): Html =>
  choiceLinks({
    label: 'Period',
    name: 'period',
    choices: all.map(value => [value, periodNames[value]] as const),
    path,
    query,
    chosen: period,
  })

/** `▲ 12 % on the day before`: more is not always better, so it has no colour. Nothing where there is nothing to compare. */
export function changeMark(pct: number | null, before: string): Content {
  if (pct === null) return null
  if (pct === 0) return `as ${before}`
  return html`${pct > 0 ? '▲' : '▼'} ${percent(Math.abs(pct))} on ${before}`
}

type Timed = { at: number | string }

/** A chart of `lines` by their names, and the same numbers in a table for people who cannot see it. */
export function chartWithTable<Row extends Timed>(
  title: string,
  rows: readonly Row[],
  lines: Record<string, (row: Row) => number | null>,
  look: Pick<Chart, 'unit' | 'kind' | 'ongoing'> = {},
): Html {
  const series = Object.entries(lines).map(([label, of]) => ({ label, values: rows.map(of) }))
  if (series.every(({ values }) => values.every(value => value === null)))
    return html`<section class="part charted"><div class="head"><h2>${title}</h2></div>
<p class="usual">Nothing was counted in this time.</p></section>`
  const times = rows.map(({ at }) => new Date(at).getTime())
  return html`<section class="part charted"><div class="head"><h2>${title}</h2></div>
${chart({ label: title, ...look, times, series })}
<details><summary>The numbers</summary>${denseTable({
    caption: title,
    stack: false,
    rows: rows.toReversed(),
    columns: [
      { head: 'When', names: true, cell: ({ at }) => (look.kind === 'bars' ? utcDay(at) : moment(at)) },
      ...Object.entries(lines).map(([head, of]) => ({
        head,
        numeric: true,
        cell: (row: Row) => number(of(row), { unit: look.unit }),
      })),
    ],
  })}</details></section>`
}

export const milliseconds = (value: number | null): Content =>
  value === null ? noValue : number(value, { unit: 'ms', digits: value < 10 ? 1 : 0 })
