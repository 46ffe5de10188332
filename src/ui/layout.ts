/**
 * How to make a page:
 *
 *     pageRouter(app).get('/rota', ({ who }) => page({ title: 'Rota', who, nav: 'rota', body: html`…` }), { may: 'member' })
 *
 * The body is made with the `html` tag, which escapes everything, and with the parts in `ui/parts`: values (`number`, `time`,
 * `bytes`; what is missing is a dash), tables with pages, forms, badges, notices, figures. There is no inline script or
 * style: the CSP forbids both. Forms made by `form` and `action` talk JSON to the API and show its refusals beside their
 * fields; a `live` part refreshes itself; charts load what they need. A page with its own script names it in `scripts`.
 */
import { Elysia } from 'elysia'
import packageJson from '../../package.json' with { type: 'json' }
import { type Content, type Html, html, htmlResponse } from '../platform/html.ts'
import { type AccessSettings, access, isAtLeast } from '../platform/http/access.ts'
import type { Who } from '../platform/http/request-context.ts'
import { assetUrl, importsOf } from './assets.ts'
import { shownName } from './display-name.ts'

type Nav = 'me' | 'leagues' | 'tours' | 'quotes' | 'rota' | 'monitor' | 'account'

type Layout = {
  title: string
  /** What chats show under the title where somebody sends a link to the page. */
  description?: string
  who: Who | undefined
  body: Content
  /** The entry of the navigation this page belongs to. */
  nav?: Nav
  /** Names of modules in `ui/assets` that only this page needs. */
  scripts?: readonly string[]
  /** Names of stylesheets there that only this page needs. */
  styles?: readonly string[]
  /** Seconds after which the page reloads for readers without JavaScript. */
  reload?: number
}

/** The `detail` of a page's route: pages are not part of the API page. */
export const hidden = { hide: true }

export const pageRouter = (app: AccessSettings) => new Elysia({ detail: hidden }).use(access(app))

export const page = (content: Layout, status = 200, headers: Record<string, string> = {}): Response =>
  htmlResponse(layout(content), status, headers)

export function layout({ title, description, who, body, nav, scripts = [], styles = [], reload }: Layout): Html {
  const modules = ['fieldhouse.js', ...scripts]
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    ${who?.csrfToken && html`<meta name="csrf-token" content="${who.csrfToken}" />`}
    <title>${title} · ${shownName()}</title>
    ${
      description &&
      html`<meta name="description" content="${description}" />
    <meta property="og:title" content="${title}" />
    <meta property="og:description" content="${description}" />
    <meta property="og:site_name" content="${shownName()}" />`
    }
    ${['fieldhouse.css', ...styles].map(name => html`<link rel="stylesheet" href="${assetUrl(name)}" />`)}
    <link rel="icon" href="${assetUrl('logo.svg')}" type="image/svg+xml" />
    <link rel="apple-touch-icon" href="${assetUrl('icon.png')}" />
    <link rel="manifest" href="/manifest.webmanifest" />
    <meta name="theme-color" content="#10493a" media="(prefers-color-scheme: light)" />
    <meta name="theme-color" content="#0c2b22" media="(prefers-color-scheme: dark)" />
    <script src="${assetUrl('theme.js')}"></script>
    ${importsOf(modules).map(url => html`<link rel="modulepreload" href="${url}" />`)}
    ${modules.map(name => html`<script type="module" src="${assetUrl(name)}"></script>`)}
    ${reload && html`<noscript><meta http-equiv="refresh" content="${reload}" /></noscript>`}
  </head>
  <body>
    <a class="skip" href="#main">Skip to the content</a>
    <header class="top">
      <div>
        <a class="brand" href="/"><img src="${assetUrl('logo.svg')}" alt="" width="28" height="28" /><bdi>${shownName()}</bdi></a>
        <nav aria-label="Main">${links(who).map(link => navLink(link, nav))}</nav>
        <nav class="you" aria-label="You">${navLink(accountLink(who), nav)}</nav>
        <form class="find search" method="get" action="/search" role="search" aria-label="Everything">
          <input type="search" name="q" id="find" placeholder="Search" aria-label="Search everything" maxlength="100" autocomplete="off" data-find /><kbd aria-hidden="true">Ctrl K</kbd>
        </form>
        <a class="find-link" href="/search" aria-label="Search"><svg viewBox="0 0 20 20" aria-hidden="true"><circle cx="8.5" cy="8.5" r="5.5" /><path d="m13 13 5 5" /></svg></a>
        <button type="button" class="theme needs-js" data-theme-switch aria-label="Change between light and dark"></button>
      </div>
    </header>
    <main id="main" tabindex="-1">${body}</main>
    <footer class="foot">
      <div>Fieldhouse ${packageJson.version} · <a href="/help">Help</a> · <a href="/swagger">API</a>${who && html` <noscript>· Buttons that need JavaScript are not shown</noscript>`}</div>
    </footer>
    <div class="toast" role="status" aria-live="polite" data-toast></div>
  </body>
</html>`
}

type NavLink = [Nav, href: string | false, label: Content]

const navLink = ([name, href, label]: NavLink, open: Nav | undefined): Html =>
  html`<a ${href && html`href="${href}"`} ${name === open && html`aria-current="page"`}>${label}</a>`

const signedInLinks: NavLink[] = [
  ['tours', '/tours', 'Tours'],
  ['quotes', '/quotes', 'Quotes'],
  ['rota', '/rota', 'Rota'],
]

const links = (who: Who | undefined): NavLink[] => [
  ...(typeof who?.id === 'number' ? [['me', '/me', 'My page'] satisfies NavLink] : []),
  ['leagues', '/', 'Leagues'],
  ...(who ? signedInLinks : []),
  ...(isAtLeast(who, 'admin') ? [['monitor', '/admin/monitoring/', 'Monitor'] satisfies NavLink] : []),
]

/** The operator's name leads nowhere, as they have no account. */
const accountLink = (who: Who | undefined): NavLink =>
  who
    ? ['account', who.id !== null && '/account', html`<bdi>${who.username}</bdi>`]
    : ['account', '/sign-in', 'Sign in']
