/** What stands under /admin/monitoring, but for alerts, and the archives. */
import { Elysia } from 'elysia'
import type { App } from '../../context.ts'
import { activeUsersPage } from './active-users-page.ts'
import { cachePage } from './cache-page.ts'
import { engagementPage } from './engagement-page.ts'
import { archivesPage, leagueActivityPage } from './league-activity-page.ts'
import { mainPage } from './main-page.ts'
import { nowRoutes } from './now-routes.ts'
import { performancePage } from './performance-page.ts'
import { riskPage } from './risk-page.ts'
import { tradingPage } from './trading-page.ts'

export const monitoringRoutes = (app: App) =>
  new Elysia()
    .use(mainPage(app))
    .use(nowRoutes(app))
    .use(activeUsersPage(app))
    .use(engagementPage(app))
    .use(tradingPage(app))
    .use(leagueActivityPage(app))
    .use(riskPage(app))
    .use(performancePage(app))
    .use(cachePage(app))
    .use(archivesPage(app))
