/** The API of background jobs. */

import { t } from 'elysia'
import { runStates } from '../../../db/schema.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { apiRouter, isAtLeast, signedIn } from '../../platform/http/access.ts'
import { endingStreamOnError, type Send } from '../../platform/http/event-streams.ts'
import { paged, pageQuery, pageSchema } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { describe, routeOfStatus } from '../../platform/http/route-docs.ts'
import { jobIdParams, oneOfWords } from '../../platform/http/shared-schemas.ts'
import { heldBackWords } from '../../platform/jobs/jobs.ts'
import { isFinished, mayReadRun, type Run, runById } from '../../platform/jobs/runs.ts'
import { startedAnswer, startRoute } from '../../platform/jobs/started-answer.ts'
import { findRuns } from '../../runs/find-runs.ts'
import { runFilter } from './bulk-action.ts'
import { jobSchema, jobViewNow, whyNotRetried } from './job-views.ts'

const pollEvery = 250 // ms between two checks of a run that another process may be working on

const withJobId = { params: jobIdParams }
const listQuery = t.Object({
  status: t.Optional(oneOfWords(runStates)),
  name: t.Optional(t.String({ maxLength: 100 })),
  q: runFilter.q,
  ...pageQuery,
})

export const jobRoutes = (app: App) => {
  const { db, reader, jobs, stamps, streams } = app

  const sharedWith = (who: Who | undefined) =>
    jobs.definitions().filter(({ sharedWith: role }) => role !== undefined && isAtLeast(who, role))
  const isShared = (name: string, who: Who | undefined) => sharedWith(who).some(job => job.name === name)

  /** People see the jobs they started, those they got for the same request, and those shared with their role; admins see all. */
  function readableRun(id: string, who: Who | undefined): Run {
    const me = signedIn(who)
    const run = runById(db).get({ id })
    if (!run || !(isAtLeast(me, 'admin') || isShared(run.name, me) || mayReadRun(db, run, me.id)))
      return refuse('not_found', `There is no job ${id}`)
    return run
  }
  /** People who may only follow a job can neither stop nor retry it. */
  function requireOwn(id: string, who: Who | undefined): void {
    const { startedBy, name } = readableRun(id, who)
    if (startedBy !== who?.id && !isShared(name, who) && !isAtLeast(who, 'admin'))
      refuse('forbidden', 'Somebody else started this job; only they or an admin can do this')
  }
  const statusOf = (id: string, who: Who | undefined, isPaused = false) => {
    stamps.readLatestChanges() // a finished run's changes are seen by the very next read here, whichever process made them
    return waitingView(readableRun(id, who), isPaused)
  }
  /** With what it waits for, as long as it has not started. */
  function waitingView(run: Run, isPaused = false) {
    const job = run.status === 'PENDING' && jobs.definitionOf(run.name)
    const waits = job ? (isPaused ? heldBackWords : job.waitsFor?.(run, app)) : undefined
    return { ...jobViewNow(app, run), ...(waits && { status_message: waits }) }
  }
  const isHeldBack = (id: string) => jobs.isHeldBack(runById(db).get({ id }))
  /** Sends the status of a run at every change until it ends; returns a function that stops it. */
  function sendProgress(id: string, who: Who | undefined, send: Send, end: () => void): () => void {
    let sent = ''
    let isPaused = false
    const sendStatus = endingStreamOnError(end, () => {
      const status = statusOf(id, who, isPaused)
      const text = JSON.stringify(status)
      if (text !== sent) send(status)
      sent = text
      if (isFinished(status)) end()
    })
    const stopWatching = jobs.watch(id, sendStatus)
    const timer = setInterval(() => {
      sendStatus()
      isHeldBack(id).then(held => {
        isPaused = held
      }, end)
    }, pollEvery)
    sendStatus()
    return () => {
      clearInterval(timer)
      stopWatching()
    }
  }

  return apiRouter(app, '/api/v1/jobs', 'jobs')
    .get(
      '/',
      ({ query, who, request }) => {
        const { page: _, limit: __, ...filter } = query
        const me = signedIn(who)
        const startedBy = isAtLeast(me, 'admin') ? undefined : (me.id ?? -1)
        const orNamed = sharedWith(me).map(({ name }) => name)
        return paged(query, request, async page => {
          const { runs, total } = await reader.read(findRuns, { ...filter, ...page, startedBy, orNamed })
          return { jobs: runs.map(run => waitingView(run)), total }
        })
      },
      {
        query: listQuery,
        may: 'member',
        detail: describe(
          'Jobs, newest first: your own; for officers also all that make rosters; for admins all',
          pageSchema('jobs', jobSchema),
          {
            description:
              '`q`: words that are all in the name, the input or the error, or the start of an id. Matches are counted up to 1,000.',
          },
        ),
      },
    )
    .guard(withJobId)
    .get('/status/:job_id', async ({ params: { job_id: id }, who }) => statusOf(id, who, await isHeldBack(id)), {
      may: 'member',
      detail: describe('The progress of a job', jobSchema),
    })
    .get(
      '/:job_id/events',
      ({ params: { job_id: id }, who, request }) => {
        readableRun(id, who)
        return streams.response(request, (send, end) => sendProgress(id, who, send, end))
      },
      {
        may: 'member',
        detail: describe('The progress of a job as server-sent events, until it ends', jobSchema, {
          type: 'text/event-stream',
        }),
      },
    )
    .delete(
      '/cancel/:job_id',
      async ({ params: { job_id: id }, who }) => {
        requireOwn(id, who)
        const run = await jobs.cancel(id)
        if (!run) refuse('conflict', 'The job has already finished')
        app.stopRun(id)
        return statusOf(id, who)
      },
      {
        may: 'member',
        ...routeOfStatus(202, 'Cancel a job: a waiting one never runs, a running one stops within 2 s', jobSchema),
      },
    )
    .post(
      '/:job_id/retry',
      async ({ params: { job_id: id }, who }) => {
        requireOwn(id, who)
        if (!(await jobs.retry(id))) refuse('conflict', whyNotRetried(app, id))
        return startedAnswer({ jobId: id, deduplicated: false })
      },
      { may: 'member', ...startRoute('Try a failed or cancelled job again') },
    )
}
