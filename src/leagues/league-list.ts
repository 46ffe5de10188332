/** The list of leagues, as the API and the start page show it. */
import { type Static, t } from 'elysia'
import { cached } from '../cached.ts'
import type { App } from '../context.ts'
import { type PageSlice, pageQuery } from '../platform/http/pagination.ts'
import type { Who } from '../platform/http/request-context.ts'
import { withPlayers } from './kinds.ts'
import { kindSchema, statusSchema } from './league.ts'
import { countLeagues, type LeagueFilter, listLeagues, nextStatusChangeOfAny } from './queries.ts'
import { isVisibleTo, visibilityKey } from './visibility.ts'

export const leagueListQuery = t.Object({
  kind: t.Optional(kindSchema),
  status: t.Optional(statusSchema),
  q: t.Optional(t.String({ description: 'Part of the name', maxLength: 120 })),
  ...pageQuery,
})

/** A page of the leagues that `who` may see. */
export async function leaguesShown(
  app: App,
  { kind, status, q }: Static<typeof leagueListQuery>,
  page: PageSlice,
  who: Who | undefined,
) {
  const filter = { kind, status, q, visible: isVisibleTo(who) }
  const leagues = listLeagues(app.db, filter, page, app.clock.now()).map(league => withPlayers(app, league))
  return { leagues, total: await countShown(app, filter, who) }
}

/** Counting reads every league, so the count is cached, except for a search: there are endless names to search for. */
export async function countShown(
  { db, cache, clock }: App,
  { kind, status, q }: LeagueFilter,
  who: Who | undefined,
): Promise<number> {
  const now = clock.now()
  const count = () => countLeagues(db, { kind, status, q, visible: isVisibleTo(who) }, now)
  if (q) return count()
  const scope = [kind ?? '', status ?? '', visibilityKey(db, who)]
  const until = status && nextStatusChangeOfAny(db, now)
  return (await cache.read(cached.leagueCount, scope, count, until)).value
}
