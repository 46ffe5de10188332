/** The pages everyone sees, and the files they are made with. */
import { Elysia, t } from 'elysia'
import { access } from '../access.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { fixedResponse } from '../runtime/respond.ts'
import { assetNamed } from './assets.ts'
import { boardPages } from './board-pages.ts'
import { hidden } from './layout.ts'
import { leaguePages } from './league-pages.ts'
import { uploadPages } from './upload-pages.ts'

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
      { may: 'anyone', query: t.Object({ v: t.Optional(t.String()) }), detail: hidden },
    )
