/** Jobs by name: how often, how long, and a way to those that failed. */
import { type Content, type Html, html } from '../../platform/html.ts'
import { address } from '../../ui/parts/address.ts'
import { table } from '../../ui/parts/table.ts'
import { dayText, duration, number, percent } from '../../ui/parts/values.ts'
import { exportLinks } from '../pages/monitor-layout.ts'
import { jobTitle } from '../tasks/job-titles.ts'
import { jobsPath } from '../tasks/paths.ts'
import type { JobTimes } from './job-times.ts'

type Named = JobTimes['by_name'][number]

export const jobTable = ({ since, by_name }: JobTimes, path: string, query: { period?: string }): Html =>
  html`<section class="part" id="jobs"><div class="head"><h2>Jobs since ${dayText(since)}</h2>${exportLinks(path, query)}</div>
${table<Named>({
  caption: 'Jobs by name, the most run first',
  dense: true,
  stack: true,
  class: 'routes',
  rows: by_name,
  key: ({ name }) => `times-${name.replaceAll(/\W/g, '-')}`,
  empty: html`<p class="usual">Nothing has finished in this time.</p>`,
  columns: [
    { head: 'Job', names: true, cell: nameOf },
    { head: 'Runs', numeric: true, cell: ({ runs }) => number(runs) },
    { head: 'Failed', numeric: true, cell: failedOf },
    { head: 'On average', numeric: true, cell: ({ avg_ms }) => duration(avg_ms) },
    { head: 'p95, up to', numeric: true, cell: ({ p95_ms }) => duration(p95_ms) },
  ],
})}</section>`

const nameOf = ({ name }: Named): Html =>
  html`<a href="${address(jobsPath, { name })}">${jobTitle(name)}</a> <code class="quiet">${name}</code>`

const failedOf = ({ name, failed, runs }: Named): Content =>
  failed
    ? html`<span class="aside">${percent((100 * failed) / runs)}</span> <a class="loss" href="${address(jobsPath, { name, status: 'FAILURE' })}">${number(failed)}</a>`
    : number(0)
