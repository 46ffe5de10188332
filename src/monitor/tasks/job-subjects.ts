/** What runs are about, from the ids in their input: files, leagues, sites, tours, price feeds and people, each with its page. */

import { Value } from '@sinclair/typebox/value'
import { eq, inArray } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { invitations, leagues, quoteFeeds, sites, tours, uploads } from '../../../db/schema.ts'
import { usernamesOf } from '../../accounts/queries.ts'
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
  const inputs = runs.map(({ id, input }) => ({ id, about: Value.Check(idsInInput, input) ? input : {} }))
  const distinct = <T>(of: (about: IdsInInput) => T | readonly T[] | undefined): T[] => [
    ...new Set(inputs.flatMap(({ about }): readonly T[] => [of(about) ?? []].flat() as T[])),
  ]
  const files = filesOf(
    db,
    distinct(({ uploadId }) => uploadId),
  )
  const invitedTo = leaguesOfInvitations(
    db,
    distinct(({ invitationId }) => invitationId),
  )
  const leagueNames = namesOf(db, leagues, [...distinct(({ leagueId }) => leagueId), ...invitedTo.values()])
  const siteNames = namesOf(
    db,
    sites,
    distinct(({ site_ids }) => site_ids),
  )
  const feedNames = namesOf(
    db,
    quoteFeeds,
    distinct(({ feed }) => feed),
  )
  const tourNames = toursOf(
    db,
    distinct(({ tour }) => tour),
  )
  const people = usernamesOf(
    db,
    distinct(({ userId }) => userId),
  )

  const subject = (kind: Subject['kind'], name: string | undefined, path: string): Subject[] =>
    name === undefined ? [] : [{ kind, name, path }]
  const league = (id: number | undefined) =>
    id === undefined ? [] : subject('league', leagueNames.get(id), `/leagues/${id}`)
  return new Map(
    inputs.map(({ id, about: { uploadId, leagueId, invitationId, site_ids = [], tour, feed, userId } }) => {
      const file = uploadId === undefined ? undefined : files.get(uploadId)
      return [
        id,
        [
          ...(file ? subject('file', file.name, `/leagues/${file.leagueId}/uploads/${uploadId}`) : []),
          ...league(leagueId ?? (invitationId === undefined ? undefined : invitedTo.get(invitationId))),
          ...site_ids.flatMap(site => subject('site', siteNames.get(site), `/rota/sites/${site}`)),
          ...(tour === undefined ? [] : subject('tour', tourNames.get(tour), `/tours/${tour}`)),
          ...(feed === undefined ? [] : subject('feed', feedNames.get(feed), '/quotes')),
          ...(userId === undefined ? [] : subject('person', people.get(userId), `/admin/users/${userId}`)),
        ],
      ]
    }),
  )
}

function namesOf(
  db: Db,
  table: typeof leagues | typeof sites | typeof quoteFeeds,
  ids: readonly number[],
): Map<number, string> {
  if (!ids.length) return new Map()
  const rows = db
    .select({ id: table.id, name: table.name })
    .from(table)
    .where(inArray(table.id, [...ids]))
    .all()
  return new Map(rows.map(({ id, name }) => [id, name]))
}

function filesOf(db: Db, ids: readonly number[]): Map<number, { name: string; leagueId: number }> {
  if (!ids.length) return new Map()
  const { id, filename, leagueId } = uploads
  const rows = db
    .select({ id, name: filename, leagueId })
    .from(uploads)
    .where(inArray(id, [...ids]))
    .all()
  return new Map(rows.map(({ id, ...file }) => [id, file]))
}

function leaguesOfInvitations(db: Db, ids: readonly number[]): Map<number, number> {
  if (!ids.length) return new Map()
  const rows = db
    .select({ id: invitations.id, leagueId: leagues.id })
    .from(invitations)
    .innerJoin(leagues, eq(leagues.id, invitations.leagueId))
    .where(inArray(invitations.id, [...ids]))
    .all()
  return new Map(rows.map(({ id, leagueId }) => [id, leagueId]))
}

function toursOf(db: Db, slugs: readonly string[]): Map<string, string> {
  if (!slugs.length) return new Map()
  const { slug, name } = tours
  const rows = db
    .select({ slug, name })
    .from(tours)
    .where(inArray(slug, [...slugs]))
    .all()
  return new Map(rows.map(row => [row.slug, row.name]))
}
