/** The leagues there are, a new one, and what an officer may change. They ask what the API asks, and show it. */
import { Elysia, t } from 'elysia'
import type { App } from '../../context.ts'
import { access } from '../../platform/http/access.ts'
import { pageOf, pagination } from '../../platform/http/pagination.ts'
import { idParams } from '../../platform/http/shared-schemas.ts'
import { hidden, page } from '../../ui/layout.ts'
import { kindOf } from '../kinds.ts'
import { kindSchema } from '../league.ts'
import { leagueById, leagueViewById, listLeagues } from '../queries.ts'
import { leagueListQuery } from '../routes.ts'
import { isVisibleTo } from '../visibility.ts'
import { newLeagueBody, settingsBody } from './league-form.ts'
import { leaguesBody } from './league-list.ts'

const nav = 'leagues'

export const leaguePages = (app: App) => {
  const { db, clock, kinds } = app

  return new Elysia()
    .use(access(app))
    .get(
      '/',
      ({ query, who }) => {
        const asked = pageOf(query)
        const { leagues, total } = listLeagues(db, { ...query, visible: isVisibleTo(who) }, asked, clock.now())
        const body = leaguesBody({ leagues, pagination: pagination(asked, total) }, query, kinds, who)
        return page({ title: 'Leagues', who, nav, body })
      },
      { query: leagueListQuery, may: 'reader', detail: hidden },
    )
    .get(
      '/leagues/new',
      ({ query: { kind }, who }) =>
        page({ title: 'New league', who, nav, body: newLeagueBody(kind ?? 'sheet', kinds) }),
      { query: t.Object({ kind: t.Optional(kindSchema) }), may: 'officer', detail: hidden },
    )
    .get(
      '/leagues/:id/settings',
      ({ params: { id }, who }) => {
        const league = leagueViewById(db, id, clock.now())
        const kind = kindOf(app, league)
        const row = leagueById(db, id)
        return page({
          title: `Settings of ${league.name}`,
          who,
          nav,
          body: settingsBody(league, kind.pages, who, kind.metricsSeen?.(app, row), kind.labelsSeen?.(app, row)),
        })
      },
      { params: idParams, may: 'officer', detail: hidden },
    )
}
