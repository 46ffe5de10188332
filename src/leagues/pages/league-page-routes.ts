/** The list of leagues, a new league, and the settings that officers change. They ask the same queries as the API. */
import { t } from 'elysia'
import { leagueKinds } from '../../../db/schema.ts'
import type { App } from '../../context.ts'
import { pageOf, withPagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { idParams } from '../../platform/http/shared-schemas.ts'
import { page, pageRouter } from '../../ui/layout.ts'
import { announcementConfig } from '../announcements.ts'
import type { ConfigPreview } from '../config-preview.ts'
import { kindOf } from '../kinds.ts'
import { kindSchema, type League, leagueWithoutSecrets } from '../league.ts'
import { changedConfig, previewConfig, requireOpen } from '../league-config.ts'
import { leagueListQuery, leaguesShown } from '../league-list.ts'
import { leagueById, leagueViewById } from '../queries.ts'
import { webhookState } from '../webhook.ts'
import { configOfForm } from './config-form.ts'
import { firstSteps } from './first-steps.ts'
import { newLeagueBody, settingsBody } from './league-form.ts'
import { leaguesBody } from './league-list-page.ts'

const nav = 'leagues'

const textFields = (body: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(body).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : [])),
  )

export const leaguePages = (app: App) => {
  const { db, clock, kinds } = app

  /** `preview`: a config shown instead of the saved one, and what it would change. */
  function settingsPage(
    id: number,
    who: Who | undefined,
    preview?: { config: League['config']; preview: ConfigPreview },
  ) {
    const league = leagueViewById(db, id, clock.now())
    const kind = kindOf(app, league)
    const row = leagueById(db, id)
    const data = {
      league: preview ? { ...league, config: leagueWithoutSecrets(preview.config) } : league,
      kind: kind.pages,
      offered: kind.offered?.(app, row),
      labels: kind.seenLabels?.(app, row),
      headings: kind.headings?.(app, row),
      hasPreview: kind.previewConfig !== undefined,
      preview: preview?.preview,
      webhook: row.config.webhook_url ? webhookState(db, row) : undefined,
    }
    const body = settingsBody(data, who)
    return page({ title: `Settings of ${league.name}`, who, nav, scripts: ['config-preview.js'], body })
  }

  return pageRouter(app)
    .get(
      '/',
      async ({ query, who }) => {
        const slice = pageOf(query)
        const body = leaguesBody(
          withPagination(await leaguesShown(app, query, slice, who), slice),
          query,
          kinds,
          who,
          firstSteps(db, who),
        )
        return page({ title: 'Leagues', who, nav, body })
      },
      { query: leagueListQuery, may: 'reader' },
    )
    .get(
      '/leagues/new',
      ({ query, who }) => {
        const kind = query.kind ?? leagueKinds[0]
        const body = newLeagueBody(kind, kinds, kinds[kind]?.offered?.(app))
        return page({ title: 'New league', who, nav, body })
      },
      { query: t.Object({ kind: t.Optional(kindSchema) }), may: 'officer' },
    )
    .get('/leagues/:id/settings', ({ params: { id }, who }) => settingsPage(id, who), {
      params: idParams,
      may: 'officer',
    })
    .post(
      '/leagues/:id/settings/preview',
      async ({ params: { id }, body, who }) => {
        const league = leagueById(db, id)
        requireOpen(league)
        const given = configOfForm(kindOf(app, league).configSchema, textFields(body))
        for (const key of Object.keys(announcementConfig)) delete given[key] // announcements do not change ranks, and the address in the form is masked
        const config = changedConfig(app, league, given)
        return settingsPage(id, who, { config, preview: await previewConfig(app, league, config) })
      },
      { params: idParams, body: t.Record(t.String(), t.Unknown(), { maxProperties: 2_000 }), may: 'officer' },
    )
}
