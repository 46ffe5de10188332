import { type AnyElysia, Elysia } from 'elysia'
import { access } from '../access.ts'
import type { App } from '../context.ts'
import { html } from '../runtime/html.ts'
import { describeApi } from '../runtime/swagger.ts'

const swaggerUi = (name: string) => Bun.file(Bun.resolveSync(`swagger-ui-dist/${name}`, import.meta.dir))
const files = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']
const unlisted = { hide: true }

const page = html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Fieldhouse API</title>
    <link rel="stylesheet" href="/swagger/swagger-ui.css" />
    <link rel="icon" href="/swagger/favicon-32x32.png" />
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/swagger/swagger-ui-bundle.js"></script>
    <script src="/swagger/init.js"></script>
  </body>
</html>`

const init = `window.ui = SwaggerUIBundle({ url: '/swagger/json', dom_id: '#swagger-ui', deepLinking: true, validatorUrl: null, docExpansion: 'list' })`
// swagger-ui writes style attributes; nothing inline can run all the same.
const csp =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"

export const swaggerRoutes = (app: App, described: AnyElysia) => {
  let description: ReturnType<typeof describeApi> | undefined
  const routes = new Elysia({ prefix: '/swagger' })
    .use(access(app))
    .get(
      '/',
      () =>
        new Response(String(page), {
          headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': csp },
        }),
      {
        may: 'anyone',
        detail: unlisted,
      },
    )
    .get('/json', () => (description ??= describeApi(described, app.version)), { may: 'anyone', detail: unlisted })
    .get('/init.js', () => new Response(init, { headers: { 'content-type': 'text/javascript' } }), {
      may: 'anyone',
      detail: unlisted,
    })
  for (const name of files) {
    routes.get(
      `/${name}`,
      () => new Response(swaggerUi(name), { headers: { 'cache-control': 'public, max-age=86400' } }),
      { may: 'anyone', detail: unlisted },
    )
  }
  return routes
}
