/** Jobs one by one: page, JSON, and what keeps the page up to date. */

import { and, eq } from 'drizzle-orm'
import { t } from 'elysia'
import { countRows } from '../../../db/count-rows.ts'
import { runLog, runs } from '../../../db/schema.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { iso } from '../../platform/clock.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import { apiRouter } from '../../platform/http/access.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { dateTimeSchema, jobIdParams } from '../../platform/http/shared-schemas.ts'
import { isFinished, type Run, runById } from '../../platform/jobs/runs.ts'
import { masked } from '../../platform/process/log.ts'
import { jobPath, jobsPath, jobTitle } from '../../runs/job-titles.ts'
import { hidden } from '../../ui/layout.ts'
import { address } from '../../ui/parts/address.ts'
import { badge, status } from '../../ui/parts/badges.ts'
import { progress } from '../../ui/parts/figures.ts'
import { copyButton } from '../../ui/parts/form.ts'
import { live, livePart } from '../../ui/parts/live.ts'
import { denseTable } from '../../ui/parts/table.ts'
import { duration, noValue, number, time } from '../../ui/parts/values.ts'
import { liveEvents } from '../pages/live-page.ts'
import { contentVersion, monitorPage } from '../pages/monitor-layout.ts'
import { confirmQuestion, jobAction, starterCell, subjectLinks, verbsFor } from './job-list-page.ts'
import { adminJobSchema, adminJobView, type ShownRun, shownRuns } from './job-views.ts'
import { usualMs } from './task-queries.ts'

type LogLine = typeof runLog.$inferSelect
type JobData = {
  run: ShownRun
  log: readonly LogLine[]
  /** Runs that failed for good with the same fingerprint, including this one. */
  sameFailures: number
  /** The average time of successful runs of this job, ms. */
  usual: number | null
  now: number
}

const jobBody = ({ run, log, sameFailures, usual, now }: JobData): Html => html`<div class="toolbar">
  ${status(run.status)}
  ${run.cancelRequestedAt !== null && !isFinished(run) && badge('stopping', 'warn')}
  <a href="${address(jobsPath, { name: run.name })}"><code>${run.name}</code></a> <code>${run.id}</code> ${copyButton(run.id)}
  <div class="actions">${verbsFor(run).map(verb => jobAction(verb, run, confirmQuestion(verb, run), verb === 'remove' ? jobsPath : 'stay'))}</div>
</div>
${run.noRetry !== null && html`<p class="quiet">No retry is offered: ${run.noRetry}.</p>`}
${run.status === 'PROGRESS' && html`<div class="progressing">${progress(run.progress, 'Progress')}<p>${run.progress} %${run.stage && html`, ${run.stage}`}${run.message && html`: ${run.message}`}</p></div>`}
${timeline(run, usual, now)}
<dl class="facts">
  ${run.about.length > 0 && html`<div><dt>About</dt><dd>${subjectLinks(run)}</dd></div>`}
  <div><dt>Queue</dt><dd>${run.queue}</dd></div>
  <div><dt>Attempts</dt><dd>${attemptsText(run)}</dd></div>
  <div><dt>Started by</dt><dd>${starterCell(run)}</dd></div>
  ${run.expiresAt !== null && html`<div><dt>Dropped if not started by</dt><dd>${time(run.expiresAt)}</dd></div>`}
  ${run.message && html`<div><dt>Message</dt><dd>${run.message}</dd></div>`}
</dl>
${run.error !== null && failureSection(run, sameFailures)}
${codeSection('Input', maskedJson(run.input))}
${run.result !== null && codeSection('Result', maskedJson(run.result))}
${logSection(log)}`

/** An attempt that ended with its worker's death counts, too. */
const attemptsText = ({ attempts, maxAttempts, deaths }: Run): Html =>
  html`${number(attempts)} of ${number(Math.max(attempts, maxAttempts))}${deaths > 0 && html` <small class="quiet">${deaths === 1 ? 'its process died once' : `its process died ${deaths} times`}</small>`}`

/** When it was accepted, started and ended, and the time in between. */
function timeline(run: Run, usual: number | null, now: number): Html {
  const usually = usual !== null && html`, usually ${duration(usual)}`
  const { createdAt, notBefore, startedAt, completedAt } = run
  const due = notBefore !== null && notBefore > createdAt ? notBefore : null
  const from = due ?? createdAt
  const steps: [what: string, at: number | null, span: Content][] = [
    ['Accepted', createdAt, due === null ? null : html`booked ${duration(due - createdAt)} ahead`],
    ...(due === null ? [] : [['Due', due, null] satisfies [string, number, null]]),
    [
      'Began',
      startedAt,
      startedAt === null ? waitingText(from, now) : html`waited ${duration(Math.max(0, startedAt - from))}`,
    ],
    [
      endWords[run.status] ?? 'Ends',
      completedAt,
      completedAt !== null && startedAt !== null
        ? html`took ${duration(Math.max(0, completedAt - startedAt))}${usually}`
        : startedAt !== null && !isFinished(run) && html`under way${usually}`,
    ],
  ]
  return html`<ol class="timeline">${steps.map(
    ([what, at, span]) =>
      html`<li class="${at === null ? 'ahead' : ''}"><strong>${what}</strong>${at === null ? noValue : time(at)}${span && html`<small class="quiet">${span}</small>`}</li>`,
  )}</ol>`
}
const endWords: Partial<Record<Run['status'], string>> = { SUCCESS: 'Done', FAILURE: 'Failed', CANCELLED: 'Cancelled' }
const waitingText = (from: number, now: number): Content => (from > now ? 'not due yet' : 'waits for its turn')

function failureSection({ error, stack, fingerprint, name }: Run, sameFailures: number): Html {
  const others = sameFailures > 1 && fingerprint
  return html`<section class="part failure"><div class="head"><h2>Error</h2>${copyButton(`${error}\n${stack ?? ''}`.trim())}</div>
<p class="loss"><strong>${error}</strong></p>
${others && html`<p><a href="${address(jobsPath, { status: 'FAILURE', name, fingerprint })}">${number(sameFailures)} runs failed the same way</a></p>`}
${stack && html`<details open><summary>Stack</summary><pre class="code">${stack}</pre></details>`}</section>`
}

const maskedJson = (value: unknown) => JSON.stringify(masked(value), null, 2) ?? 'null'
const codeSection = (title: string, text: string): Html =>
  html`<section class="part"><div class="head"><h2>${title}</h2>${copyButton(text)}</div><pre class="code">${text}</pre></section>`

const logTones = { debug: 'quiet', info: 'plain', warn: 'warn', error: 'bad' } as const

const logSection = (log: readonly LogLine[]): Html =>
  html`<section class="part"><div class="head"><h2>Log</h2></div>${denseTable<LogLine>({
    caption: 'Log of the run',
    class: 'log',
    rows: log,
    key: ({ id }) => `line-${id}`,
    empty: html`<p class="usual">The log is empty, as for most runs.</p>`,
    columns: [
      {
        head: 'When, UTC',
        cell: ({ at }) => html`<time datetime="${iso(at)}">${iso(at).slice(11, 23)}</time>`,
      },
      { head: 'Attempt', numeric: true, cell: ({ attempt }) => number(attempt) },
      { head: 'Level', cell: ({ level }) => badge(level, logTones[level]) },
      {
        head: 'What',
        names: true,
        cell: ({ message, facts }) =>
          html`${message}${facts && html` <code class="quiet">${JSON.stringify(facts)}</code>`}`,
      },
    ],
  })}</section>`

const logSchema = t.Object({
  at: dateTimeSchema,
  attempt: t.Integer(),
  level: t.String(),
  message: t.String(),
  facts: t.Nullable(t.Record(t.String(), t.Unknown())),
})
const detailSchema = t.Composite([adminJobSchema, t.Object({ stack: t.Nullable(t.String()), log: t.Array(logSchema) })])

export const jobPage = (app: App) => {
  function shown(id: string) {
    const data = read(app, id)
    const body = jobBody(data)
    return { title: jobTitle(data.run.name), body, version: contentVersion(String(body)) }
  }
  return apiRouter(app, `${jobsPath}/:job_id`, 'admin')
    .guard({ params: jobIdParams })
    .get(
      '/',
      ({ params: { job_id: id }, who }) => {
        const { title, body, version } = shown(id)
        const to = { id: 'job', events: `${jobPath(id)}/events`, from: `${jobPath(id)}/part`, version, fast: true }
        return monitorPage(app, { title, who, navItem: 'jobs', reload: 10, body: live(to, body) })
      },
      { may: 'admin', detail: hidden },
    )
    .get(
      '/part',
      ({ params: { job_id: id } }) => {
        const { body, version } = shown(id)
        return livePart(version, body)
      },
      { may: 'admin', detail: hidden },
    )
    .get(
      '/events',
      ({ params: { job_id: id }, request }) => {
        read(app, id) // refused where there is nothing to show
        return liveEvents(app, request, () => shown(id).version)
      },
      { may: 'admin', detail: hidden },
    )
    .get('/json', ({ params: { job_id: id } }) => jobAnswer(read(app, id)), {
      may: 'admin',
      detail: describe('A job with its log', detailSchema),
    })
}

function read(app: App, id: string): JobData {
  const { db, clock } = app
  const found = runById(db).get({ id })
  const [run] = shownRuns(app, found ? [found] : [])
  if (!run) return refuse('not_found', `There is no job ${id}`)
  const { fingerprint } = run
  const sameFailures = fingerprint
    ? countRows(db, runs, and(eq(runs.fingerprint, fingerprint), eq(runs.status, 'FAILURE')))
    : 0
  const log = db.select().from(runLog).where(eq(runLog.runId, id)).orderBy(runLog.id).limit(1_000).all()
  const now = clock.now()
  const usual = usualMs(db, [run.name], now)[run.name] ?? null
  return { run, log, sameFailures, usual, now }
}

const jobAnswer = ({ run, log }: JobData) => ({
  ...adminJobView(run),
  stack: run.stack,
  log: log.map(({ at, attempt, level, message, facts }) => ({ at: iso(at), attempt, level, message, facts })),
})
