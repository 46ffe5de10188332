/** Bulk actions on ticked jobs: a page lists them and asks, and a plain form sends the same. */
import { inArray } from 'drizzle-orm'
import { Elysia, t } from 'elysia'
import { runs } from '../../../db/schema.ts'
import { seeOther } from '../../accounts/auth-form.ts'
import { csrfField } from '../../accounts/csrf.ts'
import type { App } from '../../context.ts'
import { invalid } from '../../errors.ts'
import { type Html, html } from '../../platform/html.ts'
import { access, signedIn } from '../../platform/http/access.ts'
import { hidden } from '../../ui/layout.ts'
import { status } from '../../ui/parts/badges.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { table } from '../../ui/parts/table.ts'
import { number, time } from '../../ui/parts/values.ts'
import { monitorPage } from '../pages/monitor-layout.ts'
import { jobPath, jobsPath, jobTitle, type ShownRun, selectedPath, shownRuns } from './job-views.ts'
import { subjectLinks, verbsFor, words } from './jobs-page.ts'
import { mostTicked, startBulk, type Verb, verbSchema, verbs } from './task-actions.ts'

export const tickedJobs = (app: App) =>
  new Elysia({ prefix: selectedPath })
    .use(access(app))
    .get(
      '',
      ({ query: { action }, request, who }) => {
        const found = ticked(app, new URL(request.url).searchParams)
        const title = `${words[action][0]} ${counted(found.length)}?`
        return monitorPage(app, { title, who, room: 'jobs', body: question(action, found, who?.csrfToken) })
      },
      { query: t.Object({ action: verbSchema }), may: 'admin', detail: hidden },
    )
    .post(
      '',
      async ({ request, who }) => {
        const form = new URLSearchParams(await request.text())
        const action = verbs.find(verb => verb === form.get('action'))
        const ids = form.getAll('id').slice(0, mostTicked)
        if (!action || !ids.length) return invalid('id', 'Tick at least one job.')
        const { jobId } = await startBulk(app, signedIn(who), { action, ids })
        return seeOther(jobPath(jobId))
      },
      { parse: 'none', may: 'admin', detail: hidden },
    )

function ticked(app: App, params: URLSearchParams): ShownRun[] {
  const ids = params.getAll('id').slice(0, mostTicked)
  return shownRuns(app, app.db.select().from(runs).where(inArray(runs.id, ids)).orderBy(runs.createdAt).all())
}

const counted = (jobs: number) => `${jobs} ${jobs === 1 ? 'job' : 'jobs'}`

function question(action: Verb, found: readonly ShownRun[], token: string | undefined): Html {
  const fit = found.filter(run => verbsFor(run).includes(action))
  const left = found.filter(run => !fit.includes(run))
  const back = html`<a href="${jobsPath}">Back to the jobs</a>`
  if (!fit.length)
    return emptyState(
      `Nothing to ${action}`,
      found.length ? 'The action fits none of the ticked jobs.' : 'No job was ticked.',
      html`${back}`,
    )
  return html`<p>${action === 'remove' && 'They are removed with their logs; this cannot be undone. '}It runs in the background; its report is a job too, and it is recorded in the audit log.</p>
<form class="form" method="post" action="${selectedPath}">
<input type="hidden" name="${csrfField}" value="${token ?? ''}" /><input type="hidden" name="action" value="${action}" />
${fit.map(({ id }) => html`<input type="hidden" name="id" value="${id}" />`)}
<div class="submit"><button type="submit" class="${action === 'remove' ? 'danger' : ''}">${words[action][0]} ${number(fit.length)} ${fit.length === 1 ? 'job' : 'jobs'}</button> ${back}</div>
</form>
${list('These', fit)}
${left.length > 0 && html`<h2>Left out</h2>${list('Left out: in no state for it, or it would not help', left)}`}`
}

const list = (caption: string, all: readonly ShownRun[]) =>
  table<ShownRun>({
    caption,
    dense: true,
    stack: true,
    rows: all,
    columns: [
      { head: 'State', cell: run => status(run.status) },
      {
        head: 'Job',
        names: true,
        cell: run =>
          html`<a href="${jobPath(run.id)}">${jobTitle(run.name)}</a> ${subjectLinks(run)}${run.noRetry !== null && html`<p class="quiet">${run.noRetry}</p>`}`,
      },
      { head: 'Accepted', cell: run => time(run.createdAt) },
    ],
  })
