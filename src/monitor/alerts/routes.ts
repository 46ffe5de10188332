import { Elysia, t } from 'elysia'
import type { App } from '../../context.ts'
import { access, signedIn } from '../../platform/http/access.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { idParams } from '../../platform/http/shared-schemas.ts'
import { alertsPage } from './page.ts'
import { acknowledge, alertSchema, alertsPath, resolve } from './queries.ts'

export const alertRoutes = (app: App) => new Elysia().use(alertsPage(app)).use(actionRoutes(app))

const actionRoutes = (app: App) =>
  new Elysia({ prefix: `${alertsPath}/:id`, tags: ['admin'] })
    .use(access(app))
    .guard({ params: idParams })
    .post('/resolve', ({ params: { id }, who }) => resolve(app, signedIn(who), id), {
      may: 'admin',
      detail: describe('Say that an alert is over', alertSchema),
    })
    .post('/acknowledge', ({ params: { id }, body, who }) => acknowledge(app, signedIn(who), id, body.reason), {
      body: t.Object({ reason: t.String({ minLength: 1, maxLength: 500 }) }),
      may: 'admin',
      detail: describe('Say that an alert is known, and why it may stay', alertSchema),
    })
