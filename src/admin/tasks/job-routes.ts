/** Jobs: the list, its files, and one by one. */
import { count, eq } from 'drizzle-orm'
import { Elysia, type Static, t } from 'elysia'
import { runLog, runs } from '../../../db/schema.ts'
import { access } from '../../access.ts'
import { namesOf } from '../../accounts/queries.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { iso } from '../../runtime/clock.ts'
import { says } from '../../runtime/docs.ts'
import { linkHeader, pageOf, pageQuery, pagination, paginationSchema } from '../../runtime/page.ts'
import { runById } from '../../runtime/runs.ts'
import { hidden } from '../../web/layout.ts'
import { live } from '../../web/parts/live.ts'
import { exported } from '../monitor/exports.ts'
import { exportLinks, fragment, monitorPage, versionOf } from '../monitor/frame.ts'
import { watchStream } from '../monitor/watching.ts'
import { jobPath, jobsPath, tasksPath } from './body.ts'
import { runFilter } from './bulk.ts'
import { type JobData, jobBody } from './job-body.ts'
import { type JobsData, jobsBody } from './jobs-body.ts'
import { tasksNow } from './state.ts'
import { adminJobSchema, adminJobView } from './view.ts'
import { titleOf } from './words.ts'

const jobsQuery = t.Object({ ...runFilter, page: pageQuery.page, limit: t.Optional(t.Integer({ default: 50 })) })
type JobsQuery = Static<typeof jobsQuery>

const logSchema = t.Object({
  at: t.String({ format: 'date-time' }),
  attempt: t.Integer(),
  level: t.String(),
  message: t.String(),
  facts: t.Nullable(t.Record(t.String(), t.Unknown())),
})
const detailSchema = t.Composite([adminJobSchema, t.Object({ stack: t.Nullable(t.String()), log: t.Array(logSchema) })])

export const adminJobRoutes = (app: App) => {
  const { db, clock, reader, jobs } = app

  async function jobsData({ page, limit, ...filter }: JobsQuery): Promise<JobsData> {
    const place = pageOf({ page, limit })
    const [found, { states }] = await Promise.all([reader.read('findRuns', { ...filter, ...place }), tasksNow(app)])
    const names = jobs.definitions().map(({ name }) => name)
    return {
      runs: found.runs,
      pagination: pagination(place, found.total),
      isExact: found.isExact,
      states,
      names: names.sort(),
    }
  }
  const files = (format: 'csv' | 'json') => (filter: JobsQuery) =>
    exported('jobs', format, adminJobSchema, async page =>
      (await reader.read('findRuns', { ...filter, ...page })).runs.map(adminJobView),
    )

  function jobData(id: string): JobData {
    const run = runById(db).get({ id }) ?? refuse('not_found', `There is no job ${id}`)
    const { startedBy, fingerprint } = run
    const alike = fingerprint
      ? db.select({ runs: count() }).from(runs).where(eq(runs.fingerprint, fingerprint)).get()?.runs
      : 0
    const log = db.select().from(runLog).where(eq(runLog.runId, id)).orderBy(runLog.id).limit(1_000).all()
    const name = startedBy === null ? undefined : namesOf(db, [startedBy]).get(startedBy)
    return { run, log, startedBy: name ?? 'Fieldhouse or the operator', alike: alike ?? 0, now: clock.now() }
  }
  const part = (id: string) => String(jobBody(jobData(id)))

  return new Elysia({ prefix: tasksPath, tags: ['admin'] })
    .use(access(app))
    .get(
      '/jobs',
      async ({ query, who, request }) => {
        const data = await jobsData(query)
        const { page: _, limit: __, ...filter } = query
        const { search } = new URL(request.url)
        const body = jobsBody(data, filter)
        return monitorPage(app, {
          title: 'Jobs',
          who,
          room: 'jobs',
          reload: 10,
          tools: exportLinks(jobsPath, filter),
          body: live(
            {
              id: 'jobs',
              events: `${jobsPath}/events${search}`,
              from: `${jobsPath}/list${search}`,
              version: versionOf(String(body)),
              brisk: true,
            },
            body,
          ),
        })
      },
      { query: jobsQuery, may: 'admin', detail: hidden },
    )
    .get(
      '/jobs/list',
      async ({ query }) => {
        const { page: _, limit: __, ...filter } = query
        const body = jobsBody(await jobsData(query), filter)
        return fragment(body, versionOf(String(body)))
      },
      { query: jobsQuery, may: 'admin', detail: hidden },
    )
    .get(
      '/jobs/events',
      ({ query }) => {
        const { page: _, limit: __, ...filter } = query
        return watchStream(app, async () => versionOf(String(jobsBody(await jobsData(query), filter))))
      },
      { query: jobsQuery, may: 'admin', detail: hidden },
    )
    .get(
      '/jobs/json',
      async ({ query, request, set }) => {
        const { runs, pagination: pages } = await jobsData(query)
        set.headers.link = linkHeader(request.url, pages)
        return { jobs: runs.map(adminJobView), pagination: pages }
      },
      {
        query: jobsQuery,
        may: 'admin',
        detail: says(
          'Jobs that match, the newest first',
          t.Object({ jobs: t.Array(adminJobSchema), pagination: paginationSchema }),
        ),
      },
    )
    .get('/jobs.csv', ({ query }) => files('csv')(query), { query: jobsQuery, may: 'admin', detail: hidden })
    .get('/jobs.json', ({ query }) => files('json')(query), { query: jobsQuery, may: 'admin', detail: hidden })
    .guard({ params: t.Object({ job_id: t.String({ maxLength: 64 }) }) })
    .get(
      '/jobs/:job_id',
      ({ params: { job_id: id }, who }) => {
        const body = jobBody(jobData(id))
        const path = jobPath(id)
        const to = {
          id: 'job',
          events: `${path}/events`,
          from: `${path}/part`,
          version: versionOf(String(body)),
          brisk: true,
        }
        const title = titleOf(runById(db).get({ id })?.name ?? '')
        return monitorPage(app, { title, who, room: 'jobs', reload: 10, body: live(to, body) })
      },
      { may: 'admin', detail: hidden },
    )
    .get('/jobs/:job_id/part', ({ params: { job_id: id } }) => fragment(jobBody(jobData(id)), versionOf(part(id))), {
      may: 'admin',
      detail: hidden,
    })
    .get('/jobs/:job_id/events', ({ params: { job_id: id } }) => watchStream(app, () => versionOf(part(id))), {
      may: 'admin',
      detail: hidden,
    })
    .get(
      '/jobs/:job_id/json',
      ({ params: { job_id: id } }) => {
        const { run, log } = jobData(id)
        const lines = log.map(({ at, attempt, level, message, facts }) => ({
          at: iso(at),
          attempt,
          level,
          message,
          facts,
        }))
        return { ...adminJobView(run), stack: run.stack, log: lines }
      },
      { may: 'admin', detail: says('A job with its log', detailSchema) },
    )
}
