/** Serves the scripts, styles and images of pages. */
import { Elysia, t } from 'elysia'
import { refuse } from '../errors.ts'
import { type AccessSettings, access } from '../platform/http/access.ts'
import { fixedResponse } from '../platform/http/responses.ts'
import { assetNamed } from './assets.ts'
import { hidden } from './layout.ts'

export const assetRoutes = (app: AccessSettings) =>
  new Elysia().use(access(app)).get(
    '/assets/:name',
    ({ params: { name }, query: { v }, request }) => {
      const asset = assetNamed(name) ?? refuse('not_found', `There is no asset ${name}`)
      return fixedResponse(request, asset.file, v === asset.version)
    },
    { may: 'anyone', query: t.Object({ v: t.Optional(t.String({ maxLength: 100 })) }), detail: hidden },
  )
