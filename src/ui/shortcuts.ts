import type { AccessSettings } from '../platform/http/access.ts'
import { seeOther } from '../platform/http/responses.ts'
import { pageRouter } from './layout.ts'

/** Keeps the query. */
const redirectTo = (place: string, { url }: Request) => seeOther(place + new URL(url).search)

export const shortcuts = (app: AccessSettings) =>
  pageRouter(app)
    .get('/admin', ({ request }) => redirectTo('/admin/monitoring/', request), { may: 'anyone' })
    .get('/login', ({ request }) => redirectTo('/sign-in', request), { may: 'anyone' })
    .get('/leagues', ({ request }) => redirectTo('/', request), { may: 'anyone' })
