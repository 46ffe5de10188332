/** The API of a person's own rota, and the answers of officers to what people ask for. */
import type { App } from '../../context.ts'
import { leaveRoutes } from './leave-routes.ts'
import { meRoutes } from './me-routes.ts'
import { swapRoutes } from './swap-routes.ts'

export const ownRotaRoutes = (app: App) => [meRoutes(app), leaveRoutes(app), swapRoutes(app)]
