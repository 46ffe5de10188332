/** Serves the scripts, styles and images of pages. */
import { t } from 'elysia'
import { refuse } from '../errors.ts'
import type { AccessSettings } from '../platform/http/access.ts'
import { fixedResponse } from '../platform/http/responses.ts'
import { assetNamed } from './assets.ts'
import { pageRouter } from './layout.ts'

export const assetRoutes = (app: AccessSettings) =>
  pageRouter(app).get(
    '/assets/:name',
    ({ params: { name }, query: { v }, request }) => {
      const asset = assetNamed(name) ?? refuse('not_found', `There is no asset ${name}`)
      return fixedResponse(request, asset.file, v === asset.version)
    },
    { may: 'anyone', query: t.Object({ v: t.Optional(t.String({ maxLength: 100 })) }) },
  )
