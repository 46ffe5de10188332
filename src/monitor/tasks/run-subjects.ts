/** What runs are about, from the ids in their input: files, leagues, sites, tours, price feeds and people, each with its page. */
import { Value } from '@sinclair/typebox/value'
import { and, eq, inArray, isNull } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { invitations, leagues, quoteFeeds, sites, tours, uploads, users } from '../../../db/schema.ts'
import { oneOfWords } from '../../platform/http/shared-schemas.ts'
import type { Run } from '../../platform/jobs/runs.ts'

export const subjectSchema = t.Object({
  kind: oneOfWords(['file', 'league', 'site', 'tour', 'feed', 'person'], { examples: ['league'] }),
  name: t.String({ examples: ['Northern Alliance'] }),
  path: t.String({ description: 'Its page', examples: ['/leagues/5'] }),
})
export type Subject = Static<typeof subjectSchema>

const idsInInput = t.Partial(
  t.Object({
    uploadId: t.Integer(),
    leagueId: t.Integer(),
    invitationId: t.Integer(),
    site_ids: t.Array(t.Integer()),
    tour: t.String(),
    feed: t.Integer(),
    userId: t.Integer(),
  }),
)
type IdsInInput = Static<typeof idsInInput>

/** By id of the run; deleted subjects are left out. */
export function subjectsOf(db: Db, runs: readonly Run[]): Map<string, Subject[]> {
  const inputs = runs.map(({ id, input }) => ({ id, ids: Value.Check(idsInInput, input) ? input : {} }))
  const all = inputs.map(({ ids }) => ids)
  const found = finders.map(find => find(db, all))
  return new Map(inputs.map(({ id, ids }) => [id, found.flatMap(subjectsIn => subjectsIn(ids))]))
}

/** Finds the subjects of one kind in all inputs with one query; what it returns picks out those of one input. */
const finder =
  <Id>(
    kind: Subject['kind'],
    idsOf: (ids: IdsInInput) => Id | Id[] | undefined,
    find: (db: Db, ids: Id[]) => { id: Id; name: string; path: string }[],
  ) =>
  (db: Db, all: readonly IdsInInput[]) => {
    const listOf = (ids: IdsInInput): Id[] => {
      const given = idsOf(ids)
      return given === undefined ? [] : Array.isArray(given) ? given : [given]
    }
    const wanted = [...new Set(all.flatMap(listOf))]
    const rows = wanted.length ? find(db, wanted) : []
    const subjects = new Map(rows.map(({ id, name, path }) => [id, { kind, name, path }]))
    return (ids: IdsInInput): Subject[] => listOf(ids).flatMap(id => subjects.get(id) ?? [])
  }

const named =
  (table: typeof leagues | typeof sites | typeof quoteFeeds, pathOf: (id: number) => string) =>
  (db: Db, ids: number[]) => {
    const rows = db.select({ id: table.id, name: table.name }).from(table).where(inArray(table.id, ids)).all()
    return rows.map(row => ({ ...row, path: pathOf(row.id) }))
  }
const leaguePath = (id: number) => `/leagues/${id}`

const finders = [
  finder(
    'file',
    ({ uploadId }) => uploadId,
    (db, ids) => {
      const { id, filename, leagueId } = uploads
      const rows = db.select({ id, name: filename, leagueId }).from(uploads).where(inArray(id, ids)).all()
      return rows.map(row => ({ ...row, path: `${leaguePath(row.leagueId)}/uploads/${row.id}` }))
    },
  ),
  finder('league', ({ leagueId }) => leagueId, named(leagues, leaguePath)),
  finder(
    'league',
    ({ invitationId }) => invitationId,
    (db, ids) => {
      const rows = db
        .select({ id: invitations.id, leagueId: leagues.id, name: leagues.name })
        .from(invitations)
        .innerJoin(leagues, eq(leagues.id, invitations.leagueId))
        .where(inArray(invitations.id, ids))
        .all()
      return rows.map(row => ({ ...row, path: leaguePath(row.leagueId) }))
    },
  ),
  finder(
    'site',
    ({ site_ids }) => site_ids,
    named(sites, id => `/rota/sites/${id}`),
  ),
  finder(
    'tour',
    ({ tour }) => tour,
    (db, slugs) => {
      const rows = db.select({ id: tours.slug, name: tours.name }).from(tours).where(inArray(tours.slug, slugs)).all()
      return rows.map(row => ({ ...row, path: `/tours/${row.id}` }))
    },
  ),
  finder(
    'feed',
    ({ feed }) => feed,
    named(quoteFeeds, () => '/quotes'),
  ),
  finder(
    'person',
    ({ userId }) => userId,
    (db, ids) => {
      const areThese = and(inArray(users.id, ids), isNull(users.deletedAt))
      const rows = db.select({ id: users.id, name: users.username }).from(users).where(areThese).all()
      return rows.map(row => ({ ...row, path: `/admin/users/${row.id}` }))
    },
  ),
]
