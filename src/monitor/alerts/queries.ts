import { and, count, desc, eq, isNull, lt, ne, type SQL, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import { countRows, rowsOfPage } from '../../../db/count-rows.ts'
import type { Db } from '../../../db/open.ts'
import { type Severity, severities, systemAlerts } from '../../../db/schema.ts'
import { atomically } from '../../../db/transactions.ts'
import { alertTypes } from '../../alerts.ts'
import { audit } from '../../audit.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { iso, minute } from '../../platform/clock.ts'
import { type PageSlice, pageQuery } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { rowView } from '../../platform/http/row-view.ts'
import { dateTimeSchema, idSchema, nullableDateTime, oneOfWords } from '../../platform/http/shared-schemas.ts'

export const alertsPath = '/admin/monitoring/alerts'

const alertStates = ['open', 'active', 'acknowledged', 'resolved', 'all'] as const
export const alertQuery = t.Object({
  severity: t.Optional(oneOfWords(severities)),
  state: t.Optional(oneOfWords(alertStates, { description: 'open by default' })),
  type: t.Optional(oneOfWords(alertTypes)),
  ...pageQuery,
})
export type AlertFilter = Static<typeof alertQuery>

export const alertSchema = t.Object(
  {
    id: idSchema,
    alert_type: t.String(),
    severity: oneOfWords(severities),
    title: t.String(),
    message: t.String(),
    data: t.Record(t.String(), t.Unknown()),
    count: t.Integer({ description: 'How often it was raised' }),
    first_seen: dateTimeSchema,
    last_seen: dateTimeSchema,
    state: oneOfWords(['active', 'acknowledged', 'resolved']),
    acknowledged: t.Nullable(t.Object({ by: t.String(), at: dateTimeSchema, reason: t.String() })),
    resolved: t.Nullable(t.Object({ by: t.String(), at: dateTimeSchema })),
    sent_at: nullableDateTime,
  },
  { $id: 'Alert' },
)
export type AlertView = Static<typeof alertSchema>

export const alertStatsSchema = t.Object({
  total_active: t.Integer({ description: 'Not resolved' }),
  acknowledged: t.Integer(),
  by_severity: t.Object({ info: t.Integer(), warning: t.Integer(), error: t.Integer(), critical: t.Integer() }),
})
export type AlertStats = Static<typeof alertStatsSchema>

type Row = typeof systemAlerts.$inferSelect

const viewOf = rowView(alertSchema)
function alertView(row: Row): AlertView {
  const { acknowledgedAt, acknowledgedBy, acknowledgedReason, settledAt, settledBy } = row
  return viewOf({
    ...row,
    alertType: row.type,
    acknowledged:
      acknowledgedAt === null
        ? null
        : { by: acknowledgedBy ?? '', at: iso(acknowledgedAt), reason: acknowledgedReason ?? '' },
    resolved: settledAt === null ? null : { by: settledBy ?? '', at: iso(settledAt) },
  })
}

const isOpen = ne(systemAlerts.state, 'resolved')
const worstFirst = sql`case ${systemAlerts.state} when 'resolved' then 1 else 0 end, case ${systemAlerts.state} when 'resolved' then 0
  else case ${systemAlerts.severity} when 'critical' then 0 when 'error' then 1 when 'warning' then 2 else 3 end end`

function matching({ severity, state = 'open', type }: AlertFilter): SQL | undefined {
  return and(
    severity && eq(systemAlerts.severity, severity),
    type && eq(systemAlerts.type, type),
    state === 'all' ? undefined : state === 'open' ? isOpen : eq(systemAlerts.state, state),
  )
}

const maxActive = 50

/** Open and not acknowledged, the worst first. */
export const activeAlerts = (db: Db): { title: string; severity: Severity }[] =>
  db
    .select({ title: systemAlerts.title, severity: systemAlerts.severity })
    .from(systemAlerts)
    .where(and(eq(systemAlerts.state, 'active'), ne(systemAlerts.severity, 'info')))
    .orderBy(worstFirst, desc(systemAlerts.lastSeen))
    .limit(maxActive)
    .all()

/** Alerts that the webhook should have taken by now. */
export const countUnsent = (db: Db, now: number): number =>
  countRows(
    db,
    systemAlerts,
    and(eq(systemAlerts.state, 'active'), isNull(systemAlerts.sentAt), lt(systemAlerts.firstSeen, now - 2 * minute)),
  )

/** Open alerts first, the worst at the top; then past ones, newest first. */
export function listAlerts(db: Db, filter: AlertFilter, slice: Pick<PageSlice, 'limit' | 'offset'>) {
  const orderBy = [worstFirst, desc(systemAlerts.lastSeen), desc(systemAlerts.id)]
  const { rows, total } = rowsOfPage(db, systemAlerts, { where: matching(filter), orderBy }, slice)
  return { alerts: rows.map(alertView), total }
}

export function alertStats(db: Db): AlertStats {
  const by_severity: Record<Severity, number> = { info: 0, warning: 0, error: 0, critical: 0 }
  let [total_active, acknowledged] = [0, 0]
  const { severity, state } = systemAlerts
  for (const row of db
    .select({ severity, state, alerts: count() })
    .from(systemAlerts)
    .where(isOpen)
    .groupBy(severity, state)
    .all()) {
    by_severity[row.severity] += row.alerts
    total_active += row.alerts
    if (row.state === 'acknowledged') acknowledged += row.alerts
  }
  return { total_active, acknowledged, by_severity }
}

/** An admin acknowledges an alert with a reason; it still resolves itself. */
export const acknowledge = (app: App, who: Who, id: number, reason: string) =>
  settle(app, who, id, {
    action: 'alert.acknowledge',
    detail: { reason },
    change: now => ({
      state: 'acknowledged',
      acknowledgedReason: reason,
      acknowledgedBy: who.username,
      acknowledgedAt: now,
    }),
  })

/** An admin resolves an alert; if the condition still holds, another is raised. */
export const resolve = (app: App, who: Who, id: number) =>
  settle(app, who, id, {
    action: 'alert.resolve',
    change: now => ({ state: 'resolved', settledBy: who.username, settledAt: now }),
  })

type Settlement = {
  action: string
  detail?: Record<string, unknown>
  change(now: number): Partial<Row>
}

function settle({ db, clock }: App, who: Who, id: number, { action, detail, change }: Settlement): Promise<AlertView> {
  return atomically(db, tx => {
    const now = clock.now()
    const alert = tx.select().from(systemAlerts).where(eq(systemAlerts.id, id)).get()
    if (!alert) return refuse('not_found', `There is no alert ${id}`)
    const [row] = tx
      .update(systemAlerts)
      .set(change(now))
      .where(and(eq(systemAlerts.id, id), isOpen))
      .returning()
      .all()
    if (!row) return refuse('conflict', 'The alert is already resolved')
    audit(tx, { at: now, who, action, target: `alert ${id} ${row.key}`, detail })
    return alertView(row)
  })
}
