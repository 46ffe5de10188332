/** The planner's pages: the week as a grid, and two drafts side by side. */

import { t } from 'elysia'
import type { App } from '../../context.ts'
import { invalid, Refusal } from '../../errors.ts'
import { Html } from '../../platform/html.ts'
import { signedIn } from '../../platform/http/access.ts'
import { pageOf, pageQuery, withPagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { seeOther } from '../../platform/http/responses.ts'
import { dateSchema, idSchema, jobIdParams, jobIdSchema } from '../../platform/http/shared-schemas.ts'
import { pageRouter } from '../../ui/layout.ts'
import { address } from '../../ui/parts/address.ts'
import { live, livePart } from '../../ui/parts/live.ts'
import { draftById, draftState, draftsAbout } from '../drafts.ts'
import { rotaPage, rotaVersion } from '../rota-layout.ts'
import { allSites } from '../site-queries.ts'
import { compareBody, compareHeading } from './compare-page.ts'
import { changePlaces, draftDifferences } from './hand-drafts.ts'
import type { RefusedMove } from './plan-page.ts'
import { type PlanQuery, planMarkup, planPart } from './plan-week.ts'

// A form sends an empty field as an empty string.
const empty = t.Literal('')
const planQuery = t.Object({
  week: t.Optional(t.Union([dateSchema, empty])),
  site_id: t.Optional(t.Union([idSchema, empty])),
  draft: t.Optional(jobIdSchema),
  view: t.Optional(t.Union([t.Literal('people'), t.Literal('sites')])),
})

export const plannerPages = (app: App) => {
  const { db, clock, reader, stamps, streams } = app
  const versionOf = (jobId: string | undefined) => {
    const roster = rotaVersion(stamps)
    return jobId ? `${draftState(db, jobId).changes} ${roster}` : roster
  }

  async function plan(query: PlanQuery, who: Who | undefined, refused?: RefusedMove) {
    const version = versionOf(query.draft || undefined)
    const { asked, head, body, foot } = await reader.read(planMarkup, { query, who, now: clock.now(), refused })
    const shown = {
      id: 'plan',
      events: address('/rota/plan/events', { draft: query.draft }),
      from: address('/rota/plan/part', asked),
      version,
      fast: true,
    }
    const content = [new Html(head), live(shown, new Html(body)), new Html(foot)]
    return rotaPage({
      tab: 'plan',
      title: 'Plan',
      who,
      body: content,
      scripts: ['plan.js', 'import.js'],
      status: refused?.status,
    })
  }

  return pageRouter(app)
    .get('/rota/plan', ({ query, who }) => plan(query, who), { query: planQuery, may: 'officer' })
    .get(
      '/rota/plan/part',
      async ({ query, who }) => {
        const version = versionOf(query.draft || undefined)
        return livePart(version, await reader.read(planPart, { query, who, now: clock.now() }))
      },
      { query: planQuery, may: 'officer' },
    )
    .get(
      '/rota/plan/events',
      ({ query, request }) => streams.versions(request, () => versionOf(query.draft || undefined)),
      { query: planQuery, may: 'officer' },
    )
    .post(
      '/rota/plan/:job_id/move',
      async ({ params: { job_id }, query, body: { place = '', to }, who }) => {
        const shown = { ...query, draft: job_id }
        try {
          const [shift_id, staff_id] = place.split('/').map(Number)
          if (!shift_id) return invalid('place', 'Choose a place.')
          const take = staff_id ? [{ shift_id, staff_id }] : []
          const put = to ? [{ shift_id, staff_id: to }] : []
          await changePlaces(app, signedIn(who), job_id, { take, put })
        } catch (error) {
          if (!(error instanceof Refusal)) throw error
          return plan(shown, who, { place, to, status: error.status, message: error.detail })
        }
        return seeOther(address('/rota/plan', shown))
      },
      {
        params: jobIdParams,
        query: planQuery,
        body: t.Object({
          place: t.Optional(t.String({ pattern: '^(\\d{1,15}/\\d{0,15})?$' })),
          to: t.Optional(t.Union([idSchema, empty])),
        }),
        may: 'officer',
      },
    )
    .get(
      '/rota/drafts/:job_id/compare',
      ({ params: { job_id }, query, who }) => {
        const draft = draftById(db, job_id)
        const other = query.with || 'roster'
        const slice = pageOf({ page: query.page, limit: 50 })
        const sides = { draft, other: other === 'roster' ? undefined : draftById(db, other), sites: allSites(db) }
        const differences = withPagination(draftDifferences(db, job_id, other, slice), slice)
        const body = compareBody({ ...sides, ...differences, drafts: draftsAbout(db, draft.range) })
        return rotaPage({ tab: 'plan', title: 'Compare drafts', heading: compareHeading(sides), who, body })
      },
      {
        params: jobIdParams,
        query: t.Object({ with: t.Optional(jobIdSchema), page: pageQuery.page }),
        may: 'officer',
      },
    )
}
