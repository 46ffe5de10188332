import { t } from 'elysia'
import { userById } from '../accounts/queries.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { apiRouter, isAtLeast, signedIn } from '../platform/http/access.ts'
import { type PageSlice, paged, pageQuery, paginationSchema } from '../platform/http/pagination.ts'
import type { Who } from '../platform/http/request-context.ts'
import { describe } from '../platform/http/route-docs.ts'
import { idParams, idSchema } from '../platform/http/shared-schemas.ts'
import { overviewOf, overviewSchema } from './overview.ts'
import {
  historyExample,
  membershipsOf,
  type StandingWithHistory,
  standingWithHistory,
  standingWithHistorySchema,
} from './standing.ts'

const acrossLeaguesSchema = t.Object(
  {
    person: t.Object({ id: idSchema, username: t.String(), country: t.Nullable(t.String()) }),
    leagues: t.Array(standingWithHistorySchema),
    pagination: paginationSchema,
  },
  {
    description: 'A person in every league that the reader can see',
    examples: [
      {
        person: { id: 12, username: 'Ann', country: 'NO' },
        leagues: [historyExample],
        pagination: { page: 1, limit: 20, total: 1, pages: 1 },
      },
    ],
  },
)

export async function personOf(app: App, id: number, reader: Who | undefined, page: PageSlice) {
  const { username, country } = userById(app.db, id)
  const { memberships, total } = membershipsOf(app, id, reader, page)
  // Names are on boards: a reader who sees the person on no board does not learn the name.
  if (total === 0 && reader?.id !== id && !isAtLeast(reader, 'officer')) refuse('not_found', `There is no user ${id}`)
  const leagues: StandingWithHistory[] = []
  for (const membership of memberships) leagues.push(await standingWithHistory(app, membership, id))
  return { person: { id, username, country }, leagues, total }
}
export type PersonAcrossLeagues = Awaited<ReturnType<typeof personOf>>

export const personRoutes = (app: App) =>
  apiRouter(app, '/api/v1', 'accounts')
    .get(
      '/me/overview',
      ({ query, request, who }) => paged(query, request, page => overviewOf(app, signedIn(who), page)),
      {
        query: t.Object(pageQuery),
        may: 'member',
        detail: describe('My leagues, my rank and its change, and what is due', overviewSchema),
      },
    )
    .get(
      '/people/:id',
      ({ params: { id }, query, request, who }) => paged(query, request, page => personOf(app, id, who, page)),
      {
        params: idParams,
        query: t.Object(pageQuery),
        may: 'reader',
        counted: true,
        detail: describe(
          'A person across leagues: rank and history, as far as the reader can see them',
          acrossLeaguesSchema,
        ),
      },
    )
