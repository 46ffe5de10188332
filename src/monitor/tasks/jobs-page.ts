/** Jobs that match: search, filters in the address, files, and one thing done to all of them. */

import { type Static, t } from 'elysia'
import { type RunState, runStates } from '../../../db/schema.ts'
import type { App } from '../../context.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import { type Pagination, pageOf, pageQuery, pageSchema, pagination } from '../../platform/http/pagination.ts'
import { isFinished, type Run } from '../../platform/jobs/runs.ts'
import { masked } from '../../platform/process/log.ts'
import { address } from '../../ui/parts/address.ts'
import { calm, status } from '../../ui/parts/badges.ts'
import { progress } from '../../ui/parts/figures.ts'
import { action } from '../../ui/parts/form.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { paginationLinks as pages } from '../../ui/parts/pagination-links.ts'
import { table } from '../../ui/parts/table.ts'
import { duration, elapsed, none, number, time } from '../../ui/parts/values.ts'
import { livePage, twiceASecond } from '../pages/live-page.ts'
import { choiceLinks, filterForm } from '../pages/monitor-layout.ts'
import type { RunFilter } from '../runs/find-runs.ts'
import { findRuns } from '../runs/find-runs.ts'
import { adminJobSchema, adminJobView, jobPath, jobsPath, jobTitle, withMessages } from './job-views.ts'
import { runFilter, statesFor, type Verb, verbs } from './task-actions.ts'
import { recentStates } from './task-queries.ts'

const jobsQuery = t.Object({ ...runFilter, page: pageQuery.page, limit: t.Optional(t.Integer({ default: 50 })) })
const listSchema = pageSchema('jobs', adminJobSchema)

export const jobsPage = (app: App) =>
  livePage(app, {
    path: jobsPath,
    title: 'Jobs',
    room: 'jobs',
    query: jobsQuery,
    read: query => read(app, query),
    body,
    json: {
      summary: 'Jobs that match, the newest first',
      schema: listSchema,
      of: ({ runs, pagination }) => ({ jobs: runs.map(adminJobView), pagination }),
      pages: ({ pagination }) => pagination,
    },
    file: {
      name: 'jobs',
      row: adminJobSchema,
      rows: async ({ page: _, limit: __, ...filter }, place) =>
        withMessages(app, (await app.reader.read(findRuns, { ...filter, ...place })).runs).map(adminJobView),
    },
    live: twiceASecond,
  })

async function read(app: App, { page, limit, ...filter }: Static<typeof jobsQuery>): Promise<JobsData> {
  const place = pageOf({ page, limit })
  const { runs, total, isExact } = await app.reader.read(findRuns, { ...filter, ...place })
  const states = filter.q?.trim() || filter.fingerprint ? undefined : recentStates(app.db, filter.name)
  const names = app.jobs.definitions().map(({ name }) => name)
  return { runs: withMessages(app, runs), pagination: pagination(place, total), isExact, states, names: names.sort() }
}

type JobsFilter = Omit<RunFilter, 'startedBy' | 'orNamed'>
type JobsData = {
  runs: Run[]
  pagination: Pagination
  /** Whether the total is all there are, not only all that were counted. */
  isExact: boolean
  /** Of the name that is filtered for; unknown where words narrow the list. */
  states: Record<RunState, number> | undefined
  names: readonly string[]
}

const body = (data: JobsData, { page: _, limit: __, ...filter }: Static<typeof jobsQuery>): Html => html`${filterForm(
  jobsPath,
  [
    { name: 'q', label: 'Id, name, input or error', type: 'search', value: filter.q },
    { name: 'name', label: 'Name', value: filter.name, choices: ['', ...data.names] },
    { name: 'status', label: 'State', value: filter.status, type: 'hidden' },
    { name: 'fingerprint', label: 'Failure', value: filter.fingerprint, type: 'hidden' },
  ],
)}
<div class="toolbar">
  ${states(data, filter)}
  ${filter.fingerprint && html`<p class="quiet">One kind of failure. <a href="${address(jobsPath, { ...filter, fingerprint: undefined })}">All of them</a></p>`}
  ${bulk(data, filter)}
</div>
${table<Run>({
  caption: 'Jobs, the newest first',
  dense: true,
  class: 'jobs',
  stack: true,
  rows: data.runs,
  key: ({ id }) => `job-${id}`,
  empty: empty(filter),
  columns: [
    { head: 'State', cell: run => (run.status === 'SUCCESS' ? calm('success') : status(run.status)) },
    { head: 'Job', names: true, cell: jobCell },
    { head: 'Accepted', cell: ({ createdAt }) => time(createdAt) },
    { head: 'Waited', numeric: true, cell: waited },
    { head: 'Took', numeric: true, cell: took },
    { head: 'Attempts', numeric: true, cell: ({ attempts }) => number(attempts) },
    { head: html`<span class="sr">Actions</span>`, class: 'doing', cell: actions },
  ],
})}
${pages(data.pagination, page => address(jobsPath, { ...filter, page }))}
${!data.isExact && html`<p class="quiet">There are more than were counted. Older ones are on the pages after, or behind a narrower search.</p>`}`

/** Counted where no words narrow the list. */
const states = ({ states }: JobsData, filter: JobsFilter): Html =>
  choiceLinks(
    'status',
    [
      ['', 'All'],
      ...runStates.map(
        state =>
          [state, html`${state.toLowerCase()}${states && html` <small>${number(states[state])}</small>`}`] as const,
      ),
    ],
    jobsPath,
    filter,
    'State',
  )

function jobCell({ id, name, input, error, status, progress: percent, stage, message }: Run): Html {
  const facts = JSON.stringify(masked(input))
  return html`<a href="${jobPath(id)}">${jobTitle(name)}</a> <code class="quiet">${name}${facts !== '{}' && ` ${facts.slice(0, 120)}`}</code>${
    error && html`<p class="${status === 'FAILURE' ? 'loss' : 'quiet'}">${error.slice(0, 200)}</p>`
  }${status === 'PROGRESS' && html`<p class="progressing">${progress(percent, 'Progress')} <small class="quiet">${percent} % ${stage}${message && `: ${message}`}</small></p>`}`
}

/** Not what was asked to wait; of what waits still, how long by now or for when it is booked. */
function waited({ createdAt, notBefore, startedAt, status }: Run): Content {
  if (startedAt !== null) return duration(Math.max(0, startedAt - Math.max(createdAt, notBefore ?? 0)))
  if (status !== 'PENDING') return none
  return notBefore === null ? elapsed(createdAt) : html`due ${time(notBefore)}`
}

function took({ startedAt, completedAt, status }: Run): Content {
  if (startedAt === null) return none
  if (completedAt !== null) return duration(Math.max(0, completedAt - startedAt))
  return status === 'PROGRESS' ? elapsed(startedAt) : none
}

const actions = (run: Run): Html =>
  html`<div class="actions">${verbs
    .filter(verb => statesFor[verb].includes(run.status) && (verb !== 'remove' || run.status !== 'SUCCESS'))
    .map(verb => jobAction(verb, run.id, question(verb, run)))}</div>`

export const question = (verb: Verb, run: Run): string =>
  ({
    retry: `Try this run of ${run.name} again?`,
    cancel: isFinished(run) ? '' : `Cancel this run of ${run.name}?`,
    remove: `Remove this run of ${run.name} and its log? This cannot be undone.`,
  })[verb]

/** `Retry all 1,234`: what fits the state that is filtered for. */
function bulk({ pagination: { total }, isExact }: JobsData, filter: JobsFilter): Content {
  const { status: state } = filter
  if (!state || total < 2) return null
  const many = `${number(total)}${isExact ? '' : ' and more'}`
  const words: Record<Verb, string> = { retry: 'Retry', cancel: 'Cancel', remove: 'Remove' }
  return html`<div class="actions">${verbs
    .filter(verb => statesFor[verb].includes(state))
    .map(verb =>
      action({
        action: `${jobsPath}/bulk`,
        label: `${words[verb]} all ${many}`,
        small: true,
        quiet: verb !== 'remove',
        danger: verb === 'remove',
        confirm: `${words[verb]} all ${many} jobs that match${verb === 'remove' ? '? This cannot be undone.' : '?'} It goes on by itself; its report is a job too.`,
        body: { action: verb, ...Object.fromEntries(Object.entries(filter).filter(([, value]) => value)) },
        goTo: `${jobsPath}/{job_id}`,
      }),
    )}</div>`
}

const empty = (filter: JobsFilter): Html =>
  Object.values(filter).some(Boolean)
    ? emptyState('No such job', 'None matches all of this.', html`<a href="${jobsPath}">All jobs</a>`)
    : emptyState('Nothing has run yet', 'The schedule begins with the next minute.')

const words = {
  cancel: ['Cancel', 'It is being cancelled'],
  retry: ['Retry', 'It is tried again'],
  remove: ['Remove', 'It is removed'],
} as const

/** A button that does it to one job, after a question. */
export const jobAction = (verb: keyof typeof words, id: string, confirm: string, goTo = 'stay'): Html =>
  action({
    action: `${jobsPath}/${verb}`,
    label: words[verb][0],
    done: words[verb][1],
    small: true,
    quiet: verb !== 'remove',
    danger: verb === 'remove',
    confirm,
    body: { job_id: id },
    goTo,
  })
