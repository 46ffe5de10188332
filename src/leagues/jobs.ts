import { and, eq, isNull, lte, sql } from 'drizzle-orm'
import { t } from 'elysia'
import { leagues } from '../../db/schema.ts'
import { systemActor } from '../audit.ts'
import { job } from '../context.ts'
import { Refusal } from '../errors.ts'
import { finalize } from './finalize.ts'

/** Finalises leagues that have ended and are set to finalise themselves. */
export const finalizeDue = job('leagues.finalize_due', {
  input: t.Object({}),
  attempts: 1,
  expires: '120s',
  once: () => 'due',
  async run(_, app, { log }) {
    const due = app.db
      .select({ id: leagues.id, name: leagues.name, kind: leagues.kind })
      .from(leagues)
      .where(
        and(
          isNull(leagues.finalizedAt),
          isNull(leagues.archivedAt),
          lte(leagues.endsAt, app.clock.now()),
          eq(sql`json_extract(${leagues.config}, '$.auto_finalize')`, 1),
        ),
      )
      .all()
      .filter(({ kind }) => !app.kinds[kind]?.endsItself)
    const finalized: number[] = []
    for (const { id, name } of due) {
      try {
        await finalize(app, id, systemActor)
        finalized.push(id)
        log.info('A league is final', { league_id: id, name })
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        log.debug('A league cannot be finalised yet', { league_id: id, reason: error.detail })
      }
    }
    return { finalized }
  },
})
