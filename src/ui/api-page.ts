/** The API page: swagger-ui from our own files, with nothing inline and nothing from other hosts. */
import { readFileSync } from 'node:fs'
import { type AnyElysia, Elysia } from 'elysia'
import { packageFile } from '../installation.ts'
import { html } from '../platform/html.ts'
import { type AccessSettings, access } from '../platform/http/access.ts'
import { type ApiWords, describeApi } from '../platform/http/openapi.ts'
import { type FixedFile, fixedFile, fixedResponse } from '../platform/http/responses.ts'
import { assetUrl } from './assets.ts'
import { shownName } from './display-name.ts'
import { hidden } from './layout.ts'

const page = (place: string) => html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>API · ${place}</title>
    <link rel="stylesheet" href="/swagger/swagger-ui.css" />
    <link rel="stylesheet" href="/swagger/page.css" />
    <link rel="icon" href="/swagger/favicon-32x32.png" />
    <script src="${assetUrl('theme.js')}"></script>
    <script src="/swagger/dark.js"></script>
  </head>
  <body>
    <nav class="back" aria-label="${place}"><a href="/">← <bdi>${place}</bdi></a> <a href="/account">Get a key</a> <a href="/help/api">Recipes</a> <a href="/swagger/json">The document</a></nav>
    <div id="swagger-ui"></div>
    <script src="/swagger/swagger-ui-bundle.js"></script>
    <script src="/swagger/init.js"></script>
  </body>
</html>`

// "Try it out" acts as the signed-in user: a change by cookie must carry the session's token.
const init = `let session
const csrfToken = () =>
  (session ??= fetch('/api/v1/auth/me').then(answer => (answer.ok ? answer.json() : {}))).then(me => me.csrf_token)

window.ui = SwaggerUIBundle({
  url: '/swagger/json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  docExpansion: 'none', // sections first: all operations at once are a wall
  filter: true,
  validatorUrl: null,
  async requestInterceptor(request) {
    const isChange = !['GET', 'HEAD'].includes(request.method ?? 'GET')
    const token = isChange && !request.headers.Authorization ? await csrfToken() : undefined
    if (token) request.headers['X-CSRF-Token'] = token
    return request
  },
})
`

// /assets/theme.js has set the theme that the reader chose; without one it is the system's.
const dark = `{
  const root = document.documentElement
  const system = matchMedia('(prefers-color-scheme: dark)')
  const paint = () => root.classList.toggle('dark-mode', root.dataset.theme ? root.dataset.theme === 'dark' : system.matches)
  system.addEventListener('change', paint)
  paint()
}
`

const css = `body { margin: 0 }
.back { display: flex; flex-wrap: wrap; gap: 1.25rem; padding: .75rem 1.75rem; font: 600 15px system-ui, sans-serif; background: #12493a }
.back a { color: #fbf6ea; text-decoration: none }
.back a:hover, .back a:focus-visible { text-decoration: underline }
html.dark-mode { color-scheme: dark }
.swagger-ui :is(.markdown, .renderedMarkdown) code { color: inherit }
`

// swagger-ui writes style attributes, so inline styles are allowed; inline scripts are not.
const csp =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"

const utf8Bytes = (text: string) => new TextEncoder().encode(text)
const swaggerUi = (name: string) => new Uint8Array(readFileSync(packageFile(`swagger-ui-dist/${name}`)))

export const swaggerRoutes = (app: AccessSettings & { version: string }, described: AnyElysia, words: ApiWords) => {
  const document = (title: string) =>
    fixedFile(utf8Bytes(JSON.stringify(describeApi(described, app.version, `${title} API`, words))), 'application/json')
  /** Made at the first request, and kept with their compressed forms. */
  const files: Record<string, (place: string) => FixedFile> = {
    json: document,
    'init.js': () => fixedFile(utf8Bytes(init), 'text/javascript; charset=utf-8'),
    'dark.js': () => fixedFile(utf8Bytes(dark), 'text/javascript; charset=utf-8'),
    'page.css': () => fixedFile(utf8Bytes(css), 'text/css; charset=utf-8'),
    'swagger-ui-bundle.js': () => fixedFile(swaggerUi('swagger-ui-bundle.js'), 'text/javascript; charset=utf-8'),
    'swagger-ui.css': () => fixedFile(swaggerUi('swagger-ui.css'), 'text/css; charset=utf-8'),
    'favicon-32x32.png': () => fixedFile(swaggerUi('favicon-32x32.png'), 'image/png'),
  }
  const routes = new Elysia({ prefix: '/swagger' }).use(access(app)).get(
    '/',
    () =>
      new Response(String(page(shownName())), {
        headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': csp },
      }),
    { may: 'anyone', detail: hidden },
  )
  for (const [name, make] of Object.entries(files)) {
    let made: { place: string; file: FixedFile } | undefined
    const fileFor = (place: string) => {
      if (made?.place !== place) made = { place, file: make(place) }
      return made.file
    }
    routes.get(`/${name}`, ({ request }) => fixedResponse(request, fileFor(shownName())), {
      may: 'anyone',
      detail: hidden,
    })
  }
  return routes
}
