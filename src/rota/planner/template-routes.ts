/** The API of week templates. */
import { t } from 'elysia'
import { atomically } from '../../../db/transactions.ts'
import { audit } from '../../audit.ts'
import type { App } from '../../context.ts'
import { apiRouter, signedIn } from '../../platform/http/access.ts'
import { listRoute, paged } from '../../platform/http/pagination.ts'
import { createRoute, describe } from '../../platform/http/route-docs.ts'
import { deletedSchema, idParams, idSchema } from '../../platform/http/shared-schemas.ts'
import { daysAfter, mondayOf } from '../date-range.ts'
import { makeHandDraft } from './hand-drafts.ts'
import {
  applySchema,
  applyTemplate,
  deleteTemplate,
  listTemplates,
  newTemplate,
  saveTemplate,
  templateById,
  templateSchema,
} from './templates.ts'

const appliedSchema = t.Object({
  created: t.Integer({ description: 'Shifts made' }),
  skipped: t.Integer({ description: 'Shifts that already existed' }),
  shift_ids: t.Array(idSchema),
  draft_id: t.Nullable(t.String({ description: 'The job_id of the draft with its people, if asked for' })),
})

export const templateRoutes = (app: App) => {
  const { db, clock, bulkWriter } = app
  return apiRouter(app, '/api/v1/roster/templates', 'rosters')
    .get('/', ({ query, request }) => paged(query, request, page => listTemplates(db, page)), {
      may: 'officer',
      ...listRoute('Templates of a week by name', 'templates', templateSchema),
    })
    .post('/', ({ body, who }) => bulkWriter.write(saveTemplate, { given: body, who: signedIn(who) }), {
      body: newTemplate,
      may: 'officer',
      ...createRoute('Save the shifts of a week, and the people on them, as a template', templateSchema),
    })
    .guard({ params: idParams })
    .post(
      '/:id/apply',
      async ({ params: { id }, body, who }) => {
        const by = signedIn(who)
        const done = await bulkWriter.write(applyTemplate, { id, asked: body, who: by })
        const start = mondayOf(body.monday)
        const range = { start, end: daysAfter(start, 6), siteIds: done.siteIds }
        const name = `${templateById(db, id).name}, ${start}`
        const draft_id = body.people ? await makeHandDraft(app, by, range, name, done.people) : null
        return { created: done.ids.length, skipped: done.skipped, shift_ids: done.ids, draft_id }
      },
      {
        body: applySchema,
        may: 'officer',
        ...createRoute(
          'Make the shifts of a template in another week, at the same local times; existing shifts stay',
          appliedSchema,
        ),
      },
    )
    .delete(
      '/:id',
      async ({ params: { id }, who }) => {
        await atomically(db, tx => {
          const { name } = templateById(tx, id)
          deleteTemplate(tx, id)
          const at = clock.now()
          audit(tx, { at, who: signedIn(who), action: 'template.delete', target: `template ${id}`, detail: { name } })
        })
        return { deleted: true, id }
      },
      { may: 'officer', detail: describe('Delete a template; shifts made from it stay', deletedSchema) },
    )
}
