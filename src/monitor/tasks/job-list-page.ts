/** Jobs that match: search, filters in the address, files, and bulk actions. */

import { type Static, t } from 'elysia'
import { runStates } from '../../../db/schema.ts'
import { csrfInput } from '../../accounts/csrf.ts'
import type { App } from '../../context.ts'
import { iso } from '../../platform/clock.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import { pageOf, pageQueryOf, pageSchema, withPagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { dateTimeSchema } from '../../platform/http/shared-schemas.ts'
import { isFinished, type Run } from '../../platform/jobs/runs.ts'
import { masked } from '../../platform/process/log.ts'
import { findRuns, isNarrowed, lastInUtc, momentInUtc, type RunFilter } from '../../runs/find-runs.ts'
import { jobPath, jobsPath, jobTitle, selectedPath } from '../../runs/job-titles.ts'
import { address } from '../../ui/parts/address.ts'
import { allWell, status } from '../../ui/parts/badges.ts'
import { progress } from '../../ui/parts/figures.ts'
import { action } from '../../ui/parts/form.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { denseTable } from '../../ui/parts/table.ts'
import { duration, elapsed, name as nameOf, noValue, number, time } from '../../ui/parts/values.ts'
import { livePage, twiceASecond } from '../pages/live-page.ts'
import { chartWithTable, choiceLinks, filterForm } from '../pages/monitor-layout.ts'
import { runFilter } from './bulk-action.ts'
import { adminJobSchema, adminJobView, type ShownRun, shownRuns } from './job-views.ts'
import { statesFor, type Verb, verbs } from './task-actions.ts'
import { type JobsOverTime, jobsOverTime, recentStates } from './task-queries.ts'

const jobsQuery = t.Object({ ...runFilter, ...pageQueryOf(50) })
const count = t.Integer()
const depthOf = t.Nullable(t.Integer({ description: 'null: nobody counted' }))
const listSchema = t.Composite([
  pageSchema('jobs', adminJobSchema),
  t.Object({
    over_time: t.Nullable(
      t.Object({
        hours: t.Array(t.Object({ at: dateTimeSchema, success: count, failed: count, cancelled: count }), {
          description: 'How many ended in each hour of the last day, of the filtered name',
        }),
        depth: t.Array(t.Object({ at: dateTimeSchema, waiting: depthOf, running: depthOf }), {
          description: 'The most that waited and ran at a time, every half hour, of all jobs',
        }),
      }),
      { description: 'null where words or one failure narrow the list' },
    ),
  }),
])

/** The label of an action, and the message once it is done. */
export const actionWords = {
  cancel: ['Cancel', 'It is being cancelled'],
  retry: ['Retry', 'It is being retried'],
  remove: ['Remove', 'It is removed'],
} as const

export const jobsPage = (app: App) =>
  livePage(app, {
    path: jobsPath,
    title: 'Jobs',
    navItem: 'jobs',
    query: jobsQuery,
    read: query => read(app, query),
    body,
    forms: tickedForm,
    json: {
      summary: 'Jobs that match, newest first',
      schema: listSchema,
      of: ({ runs, pagination, overTime }) => ({
        jobs: runs.map(adminJobView),
        pagination,
        over_time: overTime ? { hours: overTime.hours.map(withIsoTime), depth: overTime.depth.map(withIsoTime) } : null,
      }),
    },
    file: {
      name: 'jobs',
      row: adminJobSchema,
      rows: async ({ page: _, limit: __, ...filter }, place) =>
        shownRuns(app, (await app.reader.read(findRuns, { ...filter, ...place })).runs).map(adminJobView),
    },
    live: twiceASecond,
  })

async function read(app: App, { page, limit, ...filter }: Static<typeof jobsQuery>) {
  const place = pageOf({ page, limit })
  const found = withPagination(await app.reader.read(findRuns, { ...filter, ...place }), place)
  const states = isNarrowed(filter) ? undefined : recentStates(app.db, filter.name) // of the name, whatever the state
  const names = app.jobs.definitions().map(({ name }) => name)
  const overTime = states && (await app.reader.read(jobsOverTime, { name: filter.name, now: app.clock.now() }))
  return {
    ...found,
    runs: shownRuns(app, found.runs),
    states,
    overTime,
    names: names.sort(),
  }
}

const withIsoTime = <Row extends { at: number }>(row: Row) => ({ ...row, at: iso(row.at) })

type JobsFilter = Omit<RunFilter, 'startedBy' | 'orNamed'>
type JobsData = Awaited<ReturnType<typeof read>>

const body = (data: JobsData, { page: _, limit: __, ...filter }: Static<typeof jobsQuery>): Html => html`${filterForm(
  jobsPath,
  [
    { name: 'q', label: 'Id, name, file, input or error', type: 'search', value: filter.q },
    { name: 'name', label: 'Name', value: filter.name, choices: ['', ...data.names] },
    { name: 'user', label: 'Started by', value: filter.user },
    { name: 'file', label: 'File', value: filter.file },
    { name: 'from', label: 'From, in UTC', type: 'datetime-local', value: inputTime(filter.from, momentInUtc) },
    { name: 'to', label: 'To, in UTC', type: 'datetime-local', value: inputTime(filter.to, lastInUtc) },
    { name: 'status', label: 'State', value: filter.status, type: 'hidden' },
    { name: 'fingerprint', label: 'Failure', value: filter.fingerprint, type: 'hidden' },
  ],
)}
<div class="toolbar">
  ${states(data, filter)}
  ${filter.fingerprint && html`<p class="quiet">Runs with the same failure. <a href="${address(jobsPath, { ...filter, fingerprint: undefined })}">All jobs</a></p>`}
  ${bulkActions(data, filter)}
</div>
${denseTable<ShownRun>({
  caption: 'Jobs, newest first',
  class: 'jobs',
  rows: data.runs,
  pages: data.pagination,
  key: ({ id }) => `job-${id}`,
  empty: emptyJobs(filter),
  columns: [
    { head: html`<span class="sr">Tick</span>`, class: 'tick', cell: tickBox },
    { head: 'State', cell: run => (run.status === 'SUCCESS' ? allWell('success') : status(run.status)) },
    { head: 'Job', names: true, cell: jobCell },
    { head: 'Accepted', cell: ({ createdAt }) => time(createdAt) },
    { head: 'Waited', numeric: true, cell: waitingTime },
    { head: 'Took', numeric: true, cell: runningTime },
    { head: 'Attempts', numeric: true, cell: ({ attempts }) => number(attempts) },
  ],
  actions,
})}
${data.runs.length > 0 && tickedActions}
${paginationLinks(data.pagination, page => address(jobsPath, { ...filter, page, limit: data.pagination.limit }))}
${!data.isExact && html`<p class="quiet">There are more matches than were counted. Go on to later pages or narrow the search.</p>`}
${data.overTime && !filter.status && overTimeCharts(data.overTime)}`

/** `2026-03-30T18:00`, as the browser needs it. */
const inputTime = (given: string | undefined, momentOf: (text: string) => number) =>
  given && iso(momentOf(given)).slice(0, 16)

/** How many end per hour, how many wait. */
const overTimeCharts = ({ hours, depth }: JobsOverTime): Html => html`<div class="charts">
${chartWithTable(
  'Runs that ended in an hour',
  hours,
  { Succeeded: hour => hour.success, Failed: hour => hour.failed, Cancelled: hour => hour.cancelled },
  { ongoing: true },
)}
${chartWithTable('The most that waited and ran at a time, of all jobs', depth, {
  Waiting: ({ waiting }) => waiting,
  Running: ({ running }) => running,
})}
</div>`

/** Ticked rows go to a page that lists them and asks for confirmation: it works without script. */
const tickBox = ({ id, name }: Run): Html =>
  html`<input type="checkbox" name="id" value="${id}" form="ticked" aria-label="Tick this run of ${name}" />`

const tickedActions = html`<div class="ticked">
<span class="quiet">With the ticked:</span>
${verbs.map(verb => html`<button type="submit" form="ticked" name="action" value="${verb}" class="small ${verb === 'remove' ? 'danger' : 'quiet'}">${actionWords[verb][0]}</button>`)}
</div>`

/** Their ids would make an address too long. */
const tickedForm = (who: Who | undefined) =>
  html`<form id="ticked" method="post" action="${selectedPath}">${csrfInput(who)}</form>`

/** Counted if no words narrow the list. */
const states = ({ states }: JobsData, filter: JobsFilter): Html =>
  choiceLinks({
    label: 'State',
    name: 'status',
    choices: [
      ['', 'All'],
      ...runStates.map(
        state =>
          [state, html`${state.toLowerCase()}${states && html` <small>${number(states[state])}</small>`}`] as const,
      ),
    ],
    path: jobsPath,
    query: filter,
  })

/** Its title, what it is about, and who started it. */
export const runLink = (run: ShownRun): Html =>
  html`<a href="${jobPath(run.id)}">${jobTitle(run.name)}</a>${run.about.length > 0 && html` ${subjectLinks(run)}`}${run.startedByName !== null && html` <small class="quiet">by ${starterCell(run)}</small>`}`

function jobCell(run: ShownRun): Html {
  const { name, input, error, status, progress: percent, stage, message } = run
  const facts = JSON.stringify(masked(input))
  return html`${runLink(run)} <code class="quiet">${name}${facts !== '{}' && !run.about.length && ` ${facts.slice(0, 120)}`}</code>${
    error && html`<p class="${status === 'FAILURE' ? 'loss' : 'quiet'}">${error.slice(0, 200)}</p>`
  }${status === 'PROGRESS' && html`<p class="progressing">${progress(percent, 'Progress')} <small class="quiet">${percent} % ${stage}${message && `: ${message}`}</small></p>`}`
}

const maxNamed = 4

/** `2026-03-05.csv, Northern Alliance`: what the run is about, each a way to its page. */
export const subjectLinks = ({ about }: Pick<ShownRun, 'about'>): Html =>
  html`${about.slice(0, maxNamed).map(({ name, path }, i) => html`${i > 0 && ', '}<a href="${path}">${nameOf(name)}</a>`)}${about.length > maxNamed && ` and ${about.length - maxNamed} more`}`

export const starterCell = ({ startedBy, startedByName }: Pick<ShownRun, 'startedBy' | 'startedByName'>): Content =>
  startedBy === null
    ? 'Fieldhouse or the operator'
    : html`<a href="/admin/users/${startedBy}">${nameOf(startedByName ?? `user ${startedBy}`)}</a>`

/** The waiting time, without a requested delay; for a waiting run so far, or when it is scheduled. */
function waitingTime({ createdAt, notBefore, startedAt, status }: Run): Content {
  if (startedAt !== null) return duration(Math.max(0, startedAt - Math.max(createdAt, notBefore ?? 0)))
  if (status !== 'PENDING') return noValue
  return notBefore === null ? elapsed(createdAt) : html`due ${time(notBefore)}`
}

function runningTime({ startedAt, completedAt, status }: Run): Content {
  if (startedAt === null) return noValue
  if (completedAt !== null) return duration(Math.max(0, completedAt - startedAt))
  return status === 'PROGRESS' ? elapsed(startedAt) : noValue
}

const actions = (run: ShownRun): Html =>
  html`<div class="actions">${verbsFor(run)
    .filter(verb => verb !== 'remove' || run.status !== 'SUCCESS')
    .map(verb => jobAction(verb, run, confirmQuestion(verb, run)))}</div>`

/** Retry only if it may help. */
export const verbsFor = (run: ShownRun): Verb[] =>
  verbs.filter(verb => statesFor[verb].includes(run.status) && (verb !== 'retry' || run.noRetry === null))

export const confirmQuestion = (verb: Verb, run: Run): string =>
  ({
    retry: `Try this run of ${run.name} again?`,
    cancel: isFinished(run) ? '' : `Cancel this run of ${run.name}?`,
    remove: `Remove this run of ${run.name} and its log? This cannot be undone.`,
  })[verb]

/** `Retry all 1,234`: the actions that fit the filtered state. */
function bulkActions({ pagination: { total }, isExact }: JobsData, filter: JobsFilter): Content {
  const { status: state } = filter
  if (!state || total < 2) return null
  const many = `${number(total)}${isExact ? '' : ' and more'}`
  return html`<div class="actions">${verbs
    .filter(verb => statesFor[verb].includes(state))
    .map(verb =>
      action({
        action: `${jobsPath}/bulk`,
        label: `${actionWords[verb][0]} all ${many}`,
        look: verb === 'remove' ? 'danger small' : 'quiet small',
        confirm: `${actionWords[verb][0]} all ${many} jobs that match${verb === 'remove' ? '? This cannot be undone.' : '?'} It runs in the background; its report is a job too.`,
        body: { action: verb, ...Object.fromEntries(Object.entries(filter).filter(([, value]) => value)) },
        goTo: `${jobsPath}/{job_id}`,
      }),
    )}</div>`
}

const emptyJobs = (filter: JobsFilter): Html =>
  Object.values(filter).some(Boolean)
    ? emptyState('No such job', 'No job matches all filters.', html`<a href="${jobsPath}">All jobs</a>`)
    : emptyState('Nothing has run yet', 'The schedule starts with the next minute.')

/** A button with a confirmation for one job. */
export const jobAction = (verb: keyof typeof actionWords, run: Run, confirm: string, goTo = 'stay'): Html =>
  action({
    action: `${jobsPath}/${verb}`,
    label: actionWords[verb][0],
    of: `${jobTitle(run.name)}, run ${run.id.slice(-6)}`,
    done: actionWords[verb][1],
    look: verb === 'remove' ? 'danger small' : 'quiet small',
    confirm,
    body: { job_id: run.id },
    goTo,
  })
