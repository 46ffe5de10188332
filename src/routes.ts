/** The error answers, then one line per feature. */
import { Elysia } from 'elysia'
import { accountPages } from './accounts/pages.ts'
import { accountRoutes } from './accounts/routes.ts'
import { apiWords } from './api-words.ts'
import type { App } from './context.ts'
import { dashboardPages } from './dashboard/pages.ts'
import { dashboardRoutes } from './dashboard/routes.ts'
import { displayNameRoutes } from './display-name/routes.ts'
import { Refusal } from './errors.ts'
import { boardRoutes } from './leagues/board-routes.ts'
import { invitationRoutes } from './leagues/invitation-routes.ts'
import { correctionRoutes } from './leagues/market/corrections/routes.ts'
import { marketPages } from './leagues/market/pages.ts'
import { pricePages } from './leagues/market/price-page-routes.ts'
import { heldPriceRoutes, priceRoutes } from './leagues/market/price-routes.ts'
import { feedRoutes } from './leagues/market/quote-feeds/routes.ts'
import { quoteRoutes } from './leagues/market/quote-routes.ts'
import { tradeRoutes } from './leagues/market/trade-routes.ts'
import { memberRoutes } from './leagues/member-routes.ts'
import { boardPages } from './leagues/pages/board-page-routes.ts'
import { columnPages } from './leagues/pages/columns-page.ts'
import { leaguePages } from './leagues/pages/league-page-routes.ts'
import { memberPages } from './leagues/pages/member-page-routes.ts'
import { leagueRoutes } from './leagues/routes.ts'
import { uploadChangeRoutes } from './leagues/sheets/change-routes.ts'
import { markPages, markRoutes } from './leagues/sheets/mark-routes.ts'
import { olderPaths } from './leagues/sheets/older-paths.ts'
import { uploadPeoplePages, uploadPeopleRoutes } from './leagues/sheets/people-routes.ts'
import { uploadRoutes } from './leagues/sheets/routes.ts'
import { uploadPages } from './leagues/sheets/upload-page-routes.ts'
import { entryRoutes } from './leagues/tours/entry-routes.ts'
import { fieldRoutes } from './leagues/tours/field-routes.ts'
import { leagueFieldRoutes } from './leagues/tours/league-field-routes.ts'
import { tourPages } from './leagues/tours/pages.ts'
import { tourRoutes } from './leagues/tours/routes.ts'
import { mailPages } from './mail/routes.ts'
import { alertRoutes } from './monitor/alerts/page.ts'
import { auditPage } from './monitor/audit-log.ts'
import { backupRoutes } from './monitor/backups/routes.ts'
import { reportDamage } from './monitor/database-files.ts'
import { healthRoutes, probeRoutes } from './monitor/health.ts'
import { redisPage } from './monitor/overview/redis-page.ts'
import { monitoringRoutes } from './monitor/overview/routes.ts'
import { queueInspectRoutes } from './monitor/queue-inspect.ts'
import { settingsPage } from './monitor/settings-page.ts'
import { statsRoutes } from './monitor/statistics/routes.ts'
import { jobRoutes } from './monitor/tasks/job-routes.ts'
import { taskRoutes } from './monitor/tasks/routes.ts'
import { userListPage, userPage } from './monitor/user-pages.ts'
import { personPages } from './people/pages.ts'
import { personRoutes } from './people/routes.ts'
import { CacheResult } from './platform/cache/cache.ts'
import { access } from './platform/http/access.ts'
import { methodsOf } from './platform/http/allowed-methods.ts'
import { asRefusal, bugAnswer, problem, type RefusedInput } from './platform/http/problem.ts'
import { requestContext } from './platform/http/request-context.ts'
import { cachedResponse } from './platform/http/responses.ts'
import { ownRotaPages } from './rota/own/pages.ts'
import { ownRotaRoutes } from './rota/own/routes.ts'
import { rotaPages } from './rota/pages.ts'
import { plannerPages } from './rota/planner/pages.ts'
import { plannerRoutes } from './rota/planner/routes.ts'
import { templateRoutes } from './rota/planner/template-routes.ts'
import { rotaRoutes } from './rota/routes.ts'
import { searchPages } from './search/pages.ts'
import { searchRoutes } from './search/routes.ts'
import { swaggerRoutes } from './ui/api-page.ts'
import { assetRoutes } from './ui/asset-routes.ts'
import { helpPages } from './ui/help-pages.ts'
import { refusalPage } from './ui/refusal-page.ts'
import { shortcuts } from './ui/shortcuts.ts'

/** A worker serves only the probes. */
export function routes(app: App) {
  const mounted: Mounted = { routes: [] }
  const all = app.config.role === 'worker' ? withProbes(app, mounted) : withAllFeatures(app, mounted)
  mounted.routes = all.routes
  return all
}

/** The mounted methods, for requests with another method. */
type Mounted = { routes: readonly { method: string; path: string }[] }

const withProbes = (app: App, mounted: Mounted) =>
  // Elysia's default normalizer turns any body into an object; its default way to find the path fails for `http://nas/`.
  new Elysia({ normalize: 'typebox', handler: { standardHostname: false } })
    .onError({ as: 'global' }, ({ request, error, code, params, query, body }) =>
      code === 'NOT_FOUND'
        ? notFoundAnswer(app, request, mounted)
        : refused(app, request, error, code, { params, query, body }),
    )
    .mapResponse({ as: 'global' }, ({ request, response, set }) => {
      if (!(response instanceof CacheResult)) return
      const answer = cachedResponse(request, response)
      for (const [name, value] of Object.entries(set.headers)) answer.headers.set(name, String(value))
      set.headers = {} // otherwise Elysia makes another response of it, which is not known to be cached
      return answer
    })
    .use(access(app))
    .use(probeRoutes(app))

const withAllFeatures = (app: App, mounted: Mounted) => {
  const all = withProbes(app, mounted).use([
    healthRoutes(app),
    ...pages(app),
    ...adminRoutes(app),
    ...apiRoutes(app),
    olderPaths(app),
  ])
  return all.use(swaggerRoutes(app, all, apiWords))
}

/** For everyone. */
const pages = (app: App) => [
  assetRoutes(app),
  shortcuts(app),
  helpPages(app),
  leaguePages(app),
  boardPages(app),
  columnPages(app),
  memberPages(app),
  uploadPages(app),
  uploadPeoplePages(app),
  markPages(app),
  accountPages(app),
  personPages(app),
  searchPages(app),
  mailPages(app),
  tourPages(app),
  marketPages(app),
  pricePages(app),
  rotaPages(app),
  ownRotaPages(app),
  plannerPages(app),
  dashboardPages(app),
]

const adminRoutes = (app: App) => [
  userListPage(app),
  userPage(app),
  ...backupRoutes(app),
  ...alertRoutes(app),
  auditPage(app),
  settingsPage(app),
  ...taskRoutes(app),
  ...queueInspectRoutes(app),
  ...monitoringRoutes(app),
  redisPage(app),
]

const apiRoutes = (app: App) => [
  ...accountRoutes(app),
  displayNameRoutes(app),
  leagueRoutes(app),
  memberRoutes(app),
  invitationRoutes(app),
  boardRoutes(app),
  uploadRoutes(app),
  uploadPeopleRoutes(app),
  uploadChangeRoutes(app),
  markRoutes(app),
  tourRoutes(app),
  fieldRoutes(app),
  leagueFieldRoutes(app),
  entryRoutes(app),
  statsRoutes(app),
  tradeRoutes(app),
  quoteRoutes(app),
  priceRoutes(app),
  heldPriceRoutes(app),
  correctionRoutes(app),
  feedRoutes(app),
  searchRoutes(app),
  personRoutes(app),
  rotaRoutes(app).use(ownRotaRoutes(app)).use(plannerRoutes(app)).use(templateRoutes(app)),
  dashboardRoutes(app),
  jobRoutes(app),
]

const nothingHere = (pathname: string) =>
  /^\/api(\/|$)/.test(pathname)
    ? 'There is nothing at this address; /swagger has those of the API'
    : 'There is nothing at this address'

/** No such address, or not with this method. */
function notFoundAnswer(app: App, request: Request, { routes }: Mounted): Response {
  const { pathname } = new URL(request.url)
  const methods = methodsOf(routes, pathname)
  if (!methods.length) return refused(app, request, new Refusal('not_found', nothingHere(pathname)))
  const allow = methods.join(', ')
  if (request.method === 'OPTIONS') return new Response(null, { status: 204, headers: { allow } })
  const answer = refused(app, request, new Refusal('method_not_allowed', `This address answers to ${allow}`))
  answer.headers.set('allow', allow)
  return answer
}

/** Turns whatever was thrown into an answer: a page if a page was asked for, otherwise a problem. A bug is logged and reported. */
export function refused(
  app: App,
  request: Request,
  error: unknown,
  code?: string | number,
  input: RefusedInput = {},
): Response {
  const { id, who, route } = requestContext(request)
  const refusal = asRefusal(error, code, { ...input, request })
  if (!refusal) {
    app.log.error('A request failed', { request_id: id, route, error })
    app.telemetry.report(error, { request_id: id, route, user: who?.id })
    reportDamage(app, error)
  }
  const isPage =
    request.headers.get('accept')?.includes('text/html') && !new URL(request.url).pathname.startsWith('/api/')
  if (isPage) return refusalPage(request, refusal, id)
  return refusal ? problem(refusal, id) : bugAnswer(id)
}
