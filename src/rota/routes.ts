/** The API of the rota under `/api/v1`; `src/routes.ts` mounts the rooms inside it on these. */
import { Elysia } from 'elysia'
import type { App } from '../context.ts'
import { watchBrokenDuties } from './broken-alert.ts'
import { makeShiftsRoutes } from './make-shifts-routes.ts'
import { rosterRoutes } from './roster-routes.ts'
import { shiftRequestRoutes } from './shift-request-routes.ts'
import { shiftRoutes } from './shift-routes.ts'
import { siteRoutes } from './site-routes.ts'
import { staffRoutes } from './staff-routes.ts'

/** Any change may break a duty or fix one, also of the routes that are mounted on these. */
function checkAfterChanges(app: App) {
  const changed = watchBrokenDuties(app)
  return ({ request }: { request: Request }) => {
    if (request.method !== 'GET') changed()
  }
}

export const rotaRoutes = (app: App) =>
  new Elysia()
    .onAfterResponse(checkAfterChanges(app))
    .use(siteRoutes(app))
    .use(staffRoutes(app))
    .use(shiftRoutes(app))
    .use(makeShiftsRoutes(app))
    .use(shiftRequestRoutes(app))
    .use(rosterRoutes(app))
