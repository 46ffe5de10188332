/** The pages everyone sees, and the files they are made with. */
import { Elysia, t } from 'elysia'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { boardPages } from '../leagues/pages/board-routes.ts'
import { leaguePages } from '../leagues/pages/league-routes.ts'
import { uploadPages } from '../leagues/sheets/upload-pages.ts'
import { access } from '../platform/http/access.ts'
import { fixedResponse } from '../platform/http/responses.ts'
import { assetNamed } from './assets.ts'
import { hidden } from './layout.ts'

export const webRoutes = (app: App) =>
  new Elysia()
    .use(access(app))
    .use(leaguePages(app))
    .use(boardPages(app))
    .use(uploadPages(app))
    .get(
      '/assets/:name',
      ({ params: { name }, query: { v }, request }) => {
        const asset = assetNamed(name) ?? refuse('not_found', `There is no asset ${name}`)
        return fixedResponse(request, asset.file, v === asset.version)
      },
      { may: 'anyone', query: t.Object({ v: t.Optional(t.String({ maxLength: 100 })) }), detail: hidden },
    )
