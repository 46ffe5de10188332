import { and, count, desc, eq, gte, like, lt, or, type SQL, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { auditLog } from '../../../db/schema.ts'
import { iso } from '../../platform/clock.ts'
import { type PageSlice, pageQuery } from '../../platform/http/pagination.ts'
import { dateSchema, dateTimeSchema } from '../../platform/http/text-formats.ts'

const results = ['ok', 'refused', 'failed'] as const

export const auditQuery = t.Object({
  user: t.Optional(t.String({ maxLength: 254, description: 'A name' })),
  action: t.Optional(
    t.String({ maxLength: 100, description: 'An action or how it begins: `league`, `league.delete`' }),
  ),
  result: t.Optional(t.Union(results.map(result => t.Literal(result)))),
  q: t.Optional(t.String({ maxLength: 200, description: 'Part of the target or the detail' })),
  from: t.Optional({ ...dateSchema, description: 'The first day, UTC' }),
  to: t.Optional({ ...dateSchema, description: 'The last day, UTC' }),
  page: pageQuery.page,
  limit: t.Optional(t.Integer({ default: 50 })),
})
export type AuditFilter = Static<typeof auditQuery>

export const auditSchema = t.Object({
  id: t.Integer(),
  at: dateTimeSchema,
  user: t.String(),
  user_id: t.Nullable(t.Integer()),
  action: t.String(),
  target: t.String(),
  detail: t.Record(t.String(), t.Unknown()),
  result: t.String(),
})
export type AuditView = Static<typeof auditSchema>

/** Beyond, they are not counted: a total of that many means that there are at least as many. */
export const auditCountLimit = 10_000

const part = (text: string) => `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`
const contains = (column: SQL | typeof auditLog.target, text: string) => sql`${column} like ${part(text)} escape '\\'`

function matching({ user, action, result, q, from, to }: AuditFilter): SQL | undefined {
  return and(
    user ? eq(auditLog.username, user) : undefined,
    action ? like(auditLog.action, `${action.replaceAll(/[%_]/g, '')}%`) : undefined,
    result && eq(auditLog.result, result),
    q ? or(contains(auditLog.target, q), contains(sql`${auditLog.detail}`, q)) : undefined,
    from ? gte(auditLog.at, Date.parse(from)) : undefined,
    to ? lt(auditLog.at, Date.parse(to) + 86_400_000) : undefined,
  )
}

/** Who did what to what, the newest first. */
export function listAudit(
  db: Db,
  filter: AuditFilter,
  { limit, offset }: Pick<PageSlice, 'limit' | 'offset'>,
): AuditView[] {
  return db
    .select()
    .from(auditLog)
    .where(matching(filter))
    .orderBy(desc(auditLog.at), desc(auditLog.id))
    .limit(limit)
    .offset(offset)
    .all()
    .map(({ id, at, username, userId, action, target, detail, result }) => ({
      id,
      at: iso(at),
      user: username,
      user_id: userId,
      action,
      target,
      detail,
      result,
    }))
}

export function countAudit(db: Db, filter: AuditFilter): number {
  const some = db.select({ id: auditLog.id }).from(auditLog).where(matching(filter)).limit(auditCountLimit).as('some')
  return db.select({ total: count() }).from(some).get()?.total ?? 0
}
