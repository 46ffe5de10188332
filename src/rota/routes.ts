/** Everything of the rota under `/api/v1`. */
import { Elysia } from 'elysia'
import type { App } from '../context.ts'
import { rosterRoutes } from './roster-routes.ts'
import { shiftRoutes } from './shift-routes.ts'
import { siteRoutes } from './site-routes.ts'
import { staffRoutes } from './staff-routes.ts'

export const rotaRoutes = (app: App) =>
  new Elysia().use(siteRoutes(app)).use(staffRoutes(app)).use(shiftRoutes(app)).use(rosterRoutes(app))
