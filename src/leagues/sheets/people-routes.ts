/** `uploads/:id/people`: players who are new, missing, renamed, suspicious, went down or are listed twice; as list, CSV and page. */
import { t } from 'elysia'
import type { App } from '../../context.ts'
import { bom, csvDownload, csvLines } from '../../platform/files/csv.ts'
import { apiRouter } from '../../platform/http/access.ts'
import { paged, pageOf, pageQuery, pagination, paginationSchema } from '../../platform/http/pagination.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { idParams, idSchema } from '../../platform/http/shared-schemas.ts'
import { page, pageRouter } from '../../ui/layout.ts'
import { leagueViewById } from '../queries.ts'
import { seenHeadings } from './metric-names.ts'
import { peoplePageBody } from './people-page.ts'
import { publishedSnapshots, uploadById, uploadOfLeague } from './queries.ts'
import { type Upload, uploadView } from './upload.ts'
import {
  changedPeopleOf,
  changedPersonSchema,
  changeSchema,
  comparedSchema,
  peopleChangesOf,
  type UploadChange,
} from './upload-people.ts'

const peopleList = t.Object({
  change: changeSchema,
  compared_to: comparedSchema,
  people: t.Array(changedPersonSchema),
  pagination: paginationSchema,
})
const peopleAtOnce = 2_000 // people read at a time

export const uploadPeopleRoutes = (app: App) =>
  apiRouter(app, '/api/v1', 'uploads')
    .guard({ params: idParams })
    .get(
      '/uploads/:id/people',
      ({ params: { id }, query, request }) =>
        paged(query, request, async page => {
          const { comparedTo, total, people } = await changedPeopleOf(app, uploadById(app.db, id), query.change, page)
          return { change: query.change, compared_to: comparedTo, people, total }
        }),
      {
        query: t.Object({ change: changeSchema, ...pageQuery }),
        may: 'officer',
        detail: describe('The players behind a count of an upload, with their values before and now', peopleList),
      },
    )
    .get(
      '/uploads/:id/people.csv',
      async ({ params: { id }, query: { change } }) => {
        const upload = uploadById(app.db, id)
        await changedPeopleOf(app, upload, change, { offset: 0, limit: 1 }) // refuses an invalid request
        return csvDownload(csvOf(app, upload, change), `upload-${id}-${change}.csv`)
      },
      {
        query: t.Object({ change: changeSchema }),
        may: 'officer',
        detail: describe('The players as CSV, one line per change', t.String(), { type: 'text/csv' }),
      },
    )

function csvOf(app: App, upload: Upload, change: UploadChange): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let offset = 0
  return new ReadableStream(
    {
      start: controller =>
        controller.enqueue(
          encoder.encode(bom + csvLines([['player_id', 'name', 'line', 'field', 'before', 'now', 'reason']])),
        ),
      async pull(controller) {
        const { people } = await changedPeopleOf(app, upload, change, { offset, limit: peopleAtOnce })
        offset += people.length
        const lines = people.flatMap(({ player_id, name, line, reason, changes }) =>
          (changes.length > 0 ? changes : [{ field: '', before: null, now: null }]).map(({ field, before, now }) => [
            player_id,
            name,
            line,
            field,
            before,
            now,
            reason,
          ]),
        )
        if (lines.length > 0) controller.enqueue(encoder.encode(csvLines(lines)))
        if (people.length < peopleAtOnce) controller.close()
      },
    },
    { highWaterMark: 0 },
  )
}

export const uploadPeoplePages = (app: App) =>
  pageRouter(app).get(
    '/leagues/:id/uploads/:upload_id/people',
    async ({ params: { id, upload_id }, query, who }) => {
      const upload = uploadOfLeague(app.db, id, upload_id)
      const slice = pageOf(query)
      const change: UploadChange = query.change ?? peopleChangesOf(upload.kind)[0] ?? 'new'
      const { comparedTo, total, people } = await changedPeopleOf(app, upload, change, slice)
      const league = leagueViewById(app.db, id, app.clock.now())
      const { snapshotId: snapshot, kind, takenAt } = upload
      const sheets = [...(snapshot === null ? [] : [{ snapshot, kind, takenAt }]), ...publishedSnapshots(app.db, id)]
      const headings = seenHeadings(app.sheets.boards.scores, sheets)
      const list = { change, comparedTo, people, pagination: pagination(slice, total) }
      const body = peoplePageBody({ league, upload: uploadView(upload), headings, list }, who)
      return page({ title: `Players of ${upload.filename}`, who, nav: 'leagues', body })
    },
    {
      params: t.Object({ id: idSchema, upload_id: idSchema }),
      query: t.Object({ change: t.Optional(changeSchema), ...pageQuery }),
      may: 'officer',
    },
  )
