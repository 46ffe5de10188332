/** One condition is one alert: raising it again counts, clearing it resolves it. */
import { and, ne, type SQLWrapper, sql } from 'drizzle-orm'
import type { Db } from '../db/open.ts'
import { equalsGiven, excluded, type Given, preparedFor } from '../db/prepared-writes.ts'
import { type Severity, severities, systemAlerts } from '../db/schema.ts'
import { prepared } from '../db/transactions.ts'
import { hour } from './platform/clock.ts'

export const alertTypes = [
  'database_error',
  'cache_error',
  'high_load',
  'high_trades',
  'security',
  'performance',
  'task_missing',
  'process_died',
  'feed_held',
  'job_failed',
  'certificate_expiring',
  'roster_broken',
  'price_held',
  'mail_failed',
] as const
export type AlertType = (typeof alertTypes)[number]

export type Alert = {
  /** Names the condition: `feed_held:pga`. */
  key: string
  type: AlertType
  severity: Severity
  title: string
  message: string
  data?: Record<string, unknown>
}

/** Runs that fail the same way are one condition. */
export const failureAlert = ({ name, fingerprint }: { name: string; fingerprint: string | null }) =>
  `job_failed:${name}:${fingerprint}`

const gravity = (severity: SQLWrapper) => sql`instr(${severities.join(' ')}, ${severity})`
const isWorse = sql`${gravity(sql`excluded.severity`)} > ${gravity(systemAlerts.severity)}`

/** A condition that comes and goes, or flips between severities, is sent once in this time, unless it gets worse than it was sent. */
export const repeatAfter = hour

const unlessWorse = (sentAt: SQLWrapper, sentAs: SQLWrapper) => {
  const isRepeated = sql`${sentAt} > excluded.last_seen - ${repeatAfter}`
  const wasSentAsBad = sql`${isRepeated} and ${gravity(sentAs)} >= ${gravity(sql`excluded.severity`)}`
  return sql`iif(${isWorse} and not (${wasSentAsBad}), null, ${sentAt})`
}

/** Raises the alert, or increases its count if it is already open. One that gets worse is sent again, also if it was acknowledged. */
export function raiseAlert(tx: Db, at: number, { data = {}, ...alert }: Alert): void {
  const values = { ...alert, data, firstSeen: at, lastSeen: at, state: 'active' as const }
  insertAlert(tx, values).run(values)
}
const insertAlert = preparedFor(systemAlerts, (db, values: Given<typeof systemAlerts.$inferInsert>) =>
  db
    .insert(systemAlerts)
    .values(values)
    .onConflictDoUpdate({
      target: systemAlerts.key,
      targetWhere: sql`state <> 'resolved'`,
      set: {
        ...excluded(
          systemAlerts.severity,
          systemAlerts.title,
          systemAlerts.message,
          systemAlerts.data,
          systemAlerts.lastSeen,
        ),
        clearChecks: 0,
        count: sql`${systemAlerts.count} + 1`,
        state: sql`iif(${isWorse}, 'active', ${systemAlerts.state})`,
        sentAt: unlessWorse(systemAlerts.sentAt, systemAlerts.sentAs),
        mailedAt: unlessWorse(systemAlerts.mailedAt, systemAlerts.mailedAs),
      },
    }),
)

export const clearAlert = (tx: Db, at: number, key: string): void => void settleAlert(tx).run({ key, at })
const settleAlert = prepared(db =>
  db
    .update(systemAlerts)
    .set({ state: 'resolved', settledAt: sql`${sql.placeholder('at')}`, settledBy: 'fieldhouse' })
    .where(and(equalsGiven(systemAlerts.key), ne(systemAlerts.state, 'resolved'))),
)
