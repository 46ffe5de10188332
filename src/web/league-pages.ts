/** The leagues there are, a new one, and what an officer may change. They ask what the API asks, and show it. */
import { Elysia, t } from 'elysia'
import { kinds as everyKind } from '../../db/schema.ts'
import { access } from '../access.ts'
import type { App } from '../context.ts'
import { kindSchema } from '../leagues/league.ts'
import { leagueViewById, listLeagues } from '../leagues/queries.ts'
import { leagueListQuery } from '../leagues/routes.ts'
import { pageOf, pagination } from '../runtime/page.ts'
import { hidden, page } from './layout.ts'
import { newLeagueBody, settingsBody } from './pages/league-form.ts'
import { leaguesBody } from './pages/leagues.ts'

const nav = 'leagues'

export const leaguePages = (app: App) => {
  const { db, clock } = app
  const kinds = everyKind.filter(kind => app.kinds[kind])

  return new Elysia()
    .use(access(app))
    .get(
      '/',
      ({ query, who }) => {
        const asked = pageOf(query)
        const { leagues, total } = listLeagues(db, { ...query, publicOnly: !who }, asked, clock.now())
        const body = leaguesBody({ leagues, pagination: pagination(asked, total) }, query, who)
        return page({ title: 'Leagues', who, nav, body })
      },
      { query: leagueListQuery, may: 'reader', detail: hidden },
    )
    .get(
      '/leagues/new',
      ({ query: { kind = kinds[0] ?? 'sheet' }, who }) =>
        page({ title: 'New league', who, nav, body: newLeagueBody(kind, kinds) }),
      { query: t.Object({ kind: t.Optional(kindSchema) }), may: 'officer', detail: hidden },
    )
    .get(
      '/leagues/:id/settings',
      ({ params: { id }, who }) => {
        const league = leagueViewById(db, id, clock.now())
        return page({ title: `Settings of ${league.name}`, who, nav, body: settingsBody(league, who) })
      },
      { params: t.Object({ id: t.Integer({ minimum: 1 }) }), may: 'officer', detail: hidden },
    )
}
