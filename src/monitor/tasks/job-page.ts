/** Jobs one by one: page, JSON, and what keeps the page fresh. */
import { count, eq } from 'drizzle-orm'
import { Elysia, t } from 'elysia'
import { runLog, runs } from '../../../db/schema.ts'
import { usernamesOf } from '../../accounts/queries.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { iso } from '../../platform/clock.ts'
import { access } from '../../platform/http/access.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { dateTimeSchema } from '../../platform/http/text-formats.ts'
import { runById } from '../../platform/jobs/runs.ts'
import { hidden } from '../../ui/layout.ts'
import { live } from '../../ui/parts/live.ts'
import { liveEvents } from '../pages/live-page.ts'
import { monitorPage, pagePart, versionOf } from '../pages/monitor-layout.ts'
import { adminJobSchema, adminJobView, jobPath, jobsPath, jobTitle } from './admin-job.ts'
import { type JobData, jobBody } from './job-details.ts'
import { usualMs } from './task-queries.ts'

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
    return { title: jobTitle(data.run.name), body, version: versionOf(String(body)) }
  }
  return new Elysia({ prefix: `${jobsPath}/:job_id`, tags: ['admin'] })
    .use(access(app))
    .guard({ params: t.Object({ job_id: t.String({ maxLength: 64 }) }) })
    .get(
      '/',
      ({ params: { job_id: id }, who }) => {
        const { title, body, version } = shown(id)
        const to = { id: 'job', events: `${jobPath(id)}/events`, from: `${jobPath(id)}/part`, version, brisk: true }
        return monitorPage(app, { title, who, room: 'jobs', reload: 10, body: live(to, body) })
      },
      { may: 'admin', detail: hidden },
    )
    .get(
      '/part',
      ({ params: { job_id: id } }) => {
        const { body, version } = shown(id)
        return pagePart(body, version)
      },
      { may: 'admin', detail: hidden },
    )
    .get('/events', ({ params: { job_id: id }, request }) => liveEvents(app, request, () => shown(id).version), {
      may: 'admin',
      detail: hidden,
    })
    .get('/json', ({ params: { job_id: id } }) => viewOf(read(app, id)), {
      may: 'admin',
      detail: describe('A job with its log', detailSchema),
    })
}

function read({ db, clock }: App, id: string): JobData {
  const run = runById(db).get({ id }) ?? refuse('not_found', `There is no job ${id}`)
  const { startedBy, fingerprint } = run
  const alike = fingerprint
    ? db.select({ runs: count() }).from(runs).where(eq(runs.fingerprint, fingerprint)).get()?.runs
    : 0
  const log = db.select().from(runLog).where(eq(runLog.runId, id)).orderBy(runLog.id).limit(1_000).all()
  const name = startedBy === null ? undefined : usernamesOf(db, [startedBy]).get(startedBy)
  const now = clock.now()
  const usual = usualMs(db, [run.name], now)[run.name] ?? null
  return { run, log, startedBy: name ?? 'Fieldhouse or the operator', alike: alike ?? 0, usual, now }
}

const viewOf = ({ run, log }: JobData) => ({
  ...adminJobView(run),
  stack: run.stack,
  log: log.map(({ at, attempt, level, message, facts }) => ({ at: iso(at), attempt, level, message, facts })),
})
