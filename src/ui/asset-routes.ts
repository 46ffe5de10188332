/** Serves the scripts, styles and images of pages. */
import { t } from 'elysia'
import { refuse } from '../errors.ts'
import type { AccessSettings } from '../platform/http/access.ts'
import { fixedResponse } from '../platform/http/responses.ts'
import { assetNamed, assetUrl } from './assets.ts'
import { shownName } from './display-name.ts'
import { pageRouter } from './layout.ts'

/** Search engines may read public boards, but not each in all its orders, pages and searches, which never end. */
const robots = 'User-agent: *\nDisallow: /*?\nAllow: /assets/\nDisallow: /admin/\nDisallow: /api/\n'

/** What a phone needs to put the installation on its home screen. */
const manifest = () => ({
  name: shownName(),
  short_name: shownName(),
  id: '/',
  start_url: '/',
  display: 'minimal-ui',
  background_color: '#10493a',
  theme_color: '#10493a',
  icons: [
    { src: assetUrl('icon.png'), sizes: '512x512', type: 'image/png', purpose: 'any' },
    { src: assetUrl('icon.png'), sizes: '512x512', type: 'image/png', purpose: 'maskable' },
  ],
})

export const assetRoutes = (app: AccessSettings) =>
  pageRouter(app)
    .get('/robots.txt', () => new Response(robots, { headers: { 'content-type': 'text/plain' } }), { may: 'anyone' })
    .get(
      '/manifest.webmanifest',
      () => Response.json(manifest(), { headers: { 'content-type': 'application/manifest+json' } }),
      { may: 'anyone' },
    )
    .get(
      '/assets/:name',
      ({ params: { name }, query: { v }, request }) => {
        const asset = assetNamed(name) ?? refuse('not_found', `There is no asset ${name}`)
        return fixedResponse(request, asset.file, { isForever: v === asset.version })
      },
      { may: 'anyone', query: t.Object({ v: t.Optional(t.String({ maxLength: 100 })) }) },
    )
