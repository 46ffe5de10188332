/** Is it up, is it well: `/livez` touches nothing, `/readyz` asks SQLite, `/health` looks everywhere. */
import { Elysia, t } from 'elysia'
import { access, allow } from '../access.ts'
import type { App } from '../context.ts'
import { says } from '../runtime/docs.ts'

const up = new Response('ok')

export const healthRoutes = (app: App) =>
  new Elysia({ tags: ['health'] })
    .use(access(app))
    .get('/livez', () => up.clone(), {
      may: 'anyone',
      detail: says('The process answers', t.String(), { type: 'text/plain' }),
    })
    .get(
      '/readyz',
      ({ set }) => {
        app.db.$client.query('select 1').get()
        if (app.ready()) return { status: 'ready' }
        set.status = 503
        return { status: 'warming up' }
      },
      { may: 'anyone', detail: says('Ready to be sent requests', t.Object({ status: t.String() })) },
    )
    .get(
      '/metrics',
      async ({ request }) => {
        allow(request, app.config.metricsPublic ? 'anyone' : 'admin', true)
        return new Response(await app.metrics.text(), { headers: { 'content-type': 'text/plain; version=0.0.4' } })
      },
      { may: 'anyone', detail: says('Numbers for Prometheus', t.String(), { type: 'text/plain' }) },
    )
