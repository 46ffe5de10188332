/** What all pages of the rota share: the tabs, the choice of a site, links to lists of shifts. */

import type { Stamps } from '../platform/cache/stamps.ts'
import { type Content, html } from '../platform/html.ts'
import { isAtLeast } from '../platform/http/access.ts'
import type { Who } from '../platform/http/request-context.ts'
import { page } from '../ui/layout.ts'
import { selectOptions } from '../ui/parts/form.ts'
import type { ShiftsFilter } from './shift-queries.ts'
import type { Site } from './site.ts'

const tabs = [
  ['mine', '/rota/mine', 'My shifts', false],
  ['rota', '/rota', 'By site', false],
  ['people', '/rota/people', 'By person', false],
  ['plan', '/rota/plan', 'Plan', true],
  ['requests', '/rota/requests', 'Requests', true],
  ['shifts', '/rota/shifts', 'Shifts', true],
  ['staff', '/rota/staff', 'Staff', true],
  ['sites', '/rota/sites', 'Sites', true],
  ['generate', '/rota/generate', 'Generate', true],
  ['dashboard', '/rota/dashboard', 'Dashboard', true],
] as const // [tab, href, label, forOfficers]
type RotaTab = (typeof tabs)[number][0]

/** The version of what all pages of the rota show. */
export const rotaVersion = (stamps: Stamps, more: string[] = []): string =>
  stamps.versionOf(['roster', 'shifts', 'staff', ...more].map(topic => [topic, ''] as const))

type RotaPage = {
  tab: RotaTab
  title: string
  /** Where it is not the title. */
  heading?: Content
  who: Who | undefined
  body: Content
  scripts?: string[]
  status?: number
}

export function rotaPage({ tab, title, heading = title, who, body, scripts, status }: RotaPage): Response {
  const shownTabs = tabs.filter(([, , , forOfficers]) => !forOfficers || isAtLeast(who, 'officer'))
  const whole = html`<header class="head"><h1>${heading}</h1></header>
<nav class="filters" aria-label="Rota">${shownTabs.map(([key, href, label]) => html`<a href="${href}" ${key === tab && html`aria-current="page"`}>${label}</a>`)}</nav>
${body}`
  return page({ title, who, nav: 'rota', styles: ['rota.css'], scripts, body: whole }, status)
}

/** To choose a site, where there are several. */
export const siteSelect = (sites: readonly Site[], chosen: number | undefined): Content =>
  sites.length > 1 &&
  html`<select name="site_id" aria-label="Site">${selectOptions([['', 'All sites'], ...sites.map(({ id, name }) => [id, name] as const)], chosen)}</select>`

/** The list of these shifts. Without `start` it has all days: an address that does not name it begins today. */
export const shiftsAddress = ({ start = '', ...filter }: ShiftsFilter & { page?: number }): string => {
  const given = Object.entries({ start, ...filter }).filter(([, value]) => value !== undefined)
  return `/rota/shifts?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`
}
