/** The uploads of a sheet league, live, and the form that uploads more. */
import { t } from 'elysia'
import { usernamesOf } from '../../accounts/queries.ts'
import type { App } from '../../context.ts'
import { Refusal, refuse } from '../../errors.ts'
import { signedIn } from '../../platform/http/access.ts'
import { pageOf, pageQuery, pagination, withPagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { seeOther } from '../../platform/http/responses.ts'
import { idParams, idSchema } from '../../platform/http/shared-schemas.ts'
import { runById } from '../../platform/jobs/runs.ts'
import { page, pageRouter } from '../../ui/layout.ts'
import { type LiveRequest, liveHandlers } from '../../ui/parts/live.ts'
import { headingsOf } from '../headings.ts'
import { leagueViewById } from '../queries.ts'
import { parseTakenAt } from './answer-draft.ts'
import { draftPages } from './draft-routes.ts'
import { discardHeld, publishAndAnnounce } from './held.ts'
import type { RefusedAnswer } from './held-page.ts'
import { uploadErrorsOf, uploadOfLeague, uploadsOf } from './queries.ts'
import { storedSnapshot } from './snapshots/snapshot.ts'
import { uploadView } from './upload.ts'
import { historyBody, type UploadsData, uploadBody, uploadsBody } from './uploads-page.ts'

const pagedParams = { params: idParams, query: t.Object(pageQuery), may: 'officer' } as const
const oneUpload = { params: t.Object({ id: idSchema, upload_id: idSchema }) }
const nav = 'leagues'
type PageAsked = { page?: number; limit?: number }

export const uploadPages = (app: App) => {
  const { db, clock, config, streams } = app

  function uploadsData(id: number, query: PageAsked): UploadsData {
    const slice = pageOf(query)
    const league = leagueViewById(db, id, clock.now())
    if (league.kind !== 'sheet') refuse('not_found', 'Only sheet leagues have uploads')
    const { uploads, total } = uploadsOf(db, id, slice)
    return {
      league,
      list: { uploads: uploads.map(uploadView), pagination: pagination(slice, total) },
      names: usernamesOf(
        db,
        uploads.map(({ uploadedBy }) => uploadedBy),
      ),
      progress: new Map(
        uploads
          .filter(({ finishedAt }) => finishedAt === null)
          .flatMap(({ id, jobId }) => {
            const run = runById(db).get({ id: jobId })
            return run ? [[id, { percent: run.progress, stage: run.stage }]] : []
          }),
      ),
      maxMb: config.maxUploadMb,
    }
  }
  const versionOf = (data: UploadsData) =>
    Bun.hash(JSON.stringify(Object.values(data).map(part => (part instanceof Map ? [...part] : part)))).toString(36)

  const uploads = liveHandlers(streams, {
    id: 'history',
    version: ({ params: { id }, query }: LiveRequest<PageAsked, { id: number }>) => versionOf(uploadsData(id, query)),
    read: ({ params: { id }, query }) => uploadsData(id, query),
    content: (data, { who }) => historyBody(data, who),
    page: (history, data, { who }) =>
      page({
        title: `Uploads of ${data.league.name}`,
        who,
        nav,
        scripts: ['upload.js'],
        body: uploadsBody(data, history, who),
      }),
  })

  /** `refused`: an answer to why the sheet is held. */
  function uploadPage(id: number, uploadId: number, query: PageAsked, who: Who | undefined, refused?: RefusedAnswer) {
    const upload = uploadOfLeague(db, id, uploadId)
    const slice = pageOf(query)
    const snapshot = storedSnapshot(app.sheets.boards.scores, upload.snapshotId ?? 0)
    const shown = {
      league: leagueViewById(db, id, clock.now()),
      upload: uploadView(upload),
      headings: snapshot && headingsOf(snapshot),
      errors: withPagination(uploadErrorsOf(db, uploadId, slice), slice),
      refused,
    }
    const reload = upload.status === 'queued' || upload.status === 'running' ? 2 : undefined
    return page({ title: upload.filename, who, nav, body: uploadBody(shown, who), reload }, refused?.refusal.status)
  }

  return pageRouter(app)
    .use(draftPages(app))
    .get('/leagues/:id/uploads', uploads.page, { ...pagedParams })
    .get('/leagues/:id/uploads/part', uploads.part, { ...pagedParams })
    .get('/leagues/:id/uploads/events', uploads.events, { ...pagedParams })
    .get(
      '/leagues/:id/uploads/:upload_id',
      ({ params: { id, upload_id }, query, who }) => uploadPage(id, upload_id, query, who),
      { ...oneUpload, query: t.Object(pageQuery), may: 'officer' },
    )
    .post(
      '/leagues/:id/uploads/:upload_id/answer',
      async ({ params: { id, upload_id }, request, who }) => {
        uploadOfLeague(db, id, upload_id)
        const form = new URLSearchParams(await request.text())
        const date = form.get('taken_at') ?? ''
        try {
          if (form.get('do') === 'discard') await discardHeld(app, upload_id, signedIn(who))
          else {
            const takenAt = form.get('do') === 'date' ? parseTakenAt(date) : undefined
            await publishAndAnnounce(app, upload_id, signedIn(who), takenAt)
          }
          return seeOther(`/leagues/${id}/uploads/${upload_id}`)
        } catch (refusal) {
          if (!(refusal instanceof Refusal && refusal.extra.errors)) throw refusal
          return uploadPage(id, upload_id, {}, who, { date, refusal })
        }
      },
      { ...oneUpload, parse: 'none', may: 'officer' },
    )
}
