/** Changes to an upload by officers. */
import { t } from 'elysia'
import { atomically } from '../../../db/transactions.ts'
import { audit } from '../../audit.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { parseTime } from '../../platform/clock.ts'
import { apiRouter, signedIn } from '../../platform/http/access.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { dateTimeSchema, idParams } from '../../platform/http/shared-schemas.ts'
import { leagueById } from '../queries.ts'
import { warmChangedBoard } from '../warm-up.ts'
import { requireBuildable, undoneTooLate } from './buildable.ts'
import { correctTakenAt, discardHeld, publishAndAnnounce } from './held.ts'
import { publishedSnapshots, undoUpload, uploadById } from './queries.ts'
import { requireSeason } from './retention.ts'
import { uploadSchema, uploadView } from './upload.ts'

export const uploadChangeRoutes = (app: App) => {
  const { db, clock } = app
  return apiRouter(app, '/api/v1', 'uploads')
    .guard({ params: idParams })
    .patch(
      '/uploads/:id',
      async ({ params: { id }, body, who }) => {
        const at = parseTime(body.taken_at)
        const upload = await atomically(db, tx => correctTakenAt(app, tx, id, signedIn(who), at))
        await warmChangedBoard(app, upload.leagueId)
        return uploadView(upload)
      },
      {
        body: t.Object({ taken_at: dateTimeSchema }),
        may: 'officer',
        detail: describe('Correct when a sheet was taken; boards follow', uploadSchema),
      },
    )
    .post(
      '/uploads/:id/publish',
      async ({ params: { id }, body, who }) => {
        const takenAt = body?.taken_at === undefined ? undefined : parseTime(body.taken_at)
        return uploadView(await publishAndAnnounce(app, id, signedIn(who), takenAt))
      },
      {
        body: t.Optional(t.Object({ taken_at: t.Optional(dateTimeSchema) })),
        may: 'officer',
        detail: describe('Publish a held upload anyway, optionally with another time', uploadSchema),
      },
    )
    .post(
      '/uploads/:id/discard',
      async ({ params: { id }, who }) => uploadView(await discardHeld(app, id, signedIn(who))),
      { may: 'officer', detail: describe('Discard a held upload; it appears on no board', uploadSchema) },
    )
    .post(
      '/uploads/:id/undo',
      async ({ params: { id }, who }) => {
        const upload = await atomically(db, tx => {
          const upload = uploadById(tx, id)
          requireSeason(leagueById(tx, upload.leagueId), clock.now())
          const before = publishedSnapshots(tx, upload.leagueId)
          const undone =
            undoUpload(tx, upload, clock.now()) ??
            refuse('conflict', `Only a done upload can be undone; this one is ${upload.status}`)
          requireBuildable(app.sheets.boards.scores, before, publishedSnapshots(tx, upload.leagueId), undoneTooLate)
          audit(tx, {
            at: clock.now(),
            who: signedIn(who),
            action: 'upload.undo',
            target: `upload ${id}`,
            detail: { league_id: upload.leagueId },
          })
          return undone
        })
        await warmChangedBoard(app, upload.leagueId)
        return uploadView(upload)
      },
      {
        may: 'officer',
        detail: describe('Undo an upload; boards go back to what they were without it', uploadSchema),
      },
    )
}
