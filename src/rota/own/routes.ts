/** The API of a person's own rota, and the answers of officers to what people ask for. */
import { Elysia } from 'elysia'
import type { App } from '../../context.ts'
import { leaveRoutes } from './leave-routes.ts'
import { meRoutes } from './me-routes.ts'
import { swapRoutes } from './swap-routes.ts'

export const ownRotaRoutes = (app: App) => new Elysia().use(meRoutes(app)).use(leaveRoutes(app)).use(swapRoutes(app))
