/** Redirects from addresses that people type by hand. */

import { Elysia } from 'elysia'
import { type AccessSettings, access } from '../platform/http/access.ts'
import { seeOther } from '../platform/http/responses.ts'
import { hidden } from './layout.ts'

/** Keeps the query. */
const redirectTo = (place: string, { url }: Request) => seeOther(place + new URL(url).search)

export const shortcuts = (app: AccessSettings) =>
  new Elysia()
    .use(access(app))
    .get('/admin', ({ request }) => redirectTo('/admin/monitoring/', request), { may: 'anyone', detail: hidden })
    .get('/login', ({ request }) => redirectTo('/sign-in', request), { may: 'anyone', detail: hidden })
    .get('/leagues', ({ request }) => redirectTo('/', request), { may: 'anyone', detail: hidden })
