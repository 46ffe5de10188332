import { atomically } from '../../db/transactions.ts'
import { audit } from '../audit.ts'
import type { App } from '../context.ts'
import { apiRouter, signedIn } from '../platform/http/access.ts'
import { listRoute, paged } from '../platform/http/pagination.ts'
import type { Who } from '../platform/http/request-context.ts'
import { createRoute, describe } from '../platform/http/route-docs.ts'
import { confirmQuery, deletedSchema, idParams } from '../platform/http/shared-schemas.ts'
import { changeSite, deleteSite } from './bulk-sites.ts'
import { checkSite, newSite, type SiteChange, siteChange, siteSchema, siteView } from './site.ts'
import { addSite, listSites, siteById } from './site-queries.ts'

export const siteRoutes = (app: App) => {
  const { db, clock, bulkWriter } = app
  async function change(id: number, given: SiteChange, who: Who) {
    checkSite(given)
    return siteView(await bulkWriter.write(changeSite, { id, given, who }))
  }

  return apiRouter(app, '/api/v1/roster/sites', 'rosters')
    .get('/', ({ query, request }) => paged(query, request, page => listSites(db, page)), {
      may: 'member',
      ...listRoute('Sites by name', 'sites', siteSchema),
    })
    .post(
      '/',
      async ({ body, who, set }) => {
        checkSite(body)
        const at = clock.now()
        const site = await atomically(db, tx => {
          const created = addSite(tx, body, at)
          audit(tx, { at, who: signedIn(who), action: 'site.create', target: `site ${created.id}`, detail: body })
          return created
        })
        set.headers.location = `/api/v1/roster/sites/${site.id}`
        return siteView(site)
      },
      { body: newSite, may: 'officer', ...createRoute('A new site', siteSchema) },
    )
    .guard({ params: idParams })
    .get('/:id', ({ params: { id } }) => siteView(siteById(db, id)), {
      may: 'member',
      detail: describe('One site', siteSchema),
    })
    .patch('/:id', ({ params: { id }, body, who }) => change(id, body, signedIn(who)), {
      body: siteChange,
      may: 'officer',
      detail: describe(
        'Change a site; rules are replaced as a whole, and in another time zone its shifts keep their absolute times',
        siteSchema,
      ),
    })
    .put(
      '/:id',
      ({ params: { id }, body, who }) =>
        change(id, { swaps: 'officer', rest_hours: 10, rules: {}, ...body }, signedIn(who)),
      {
        body: newSite,
        may: 'officer',
        detail: describe('Replace a site; a field that is left out returns to its default', siteSchema),
      },
    )
    .delete(
      '/:id',
      async ({ params: { id }, query: { confirm }, who }) => {
        await bulkWriter.write(deleteSite, { id, isConfirmed: confirm === true, who: signedIn(who) })
        return { deleted: true, id }
      },
      {
        query: confirmQuery,
        may: 'officer',
        detail: describe('Delete a site with its shifts and their assignments', deletedSchema),
      },
    )
}
