/** Makes leagues final: by hand, when they are due, and live again. */
import { and, eq, sql } from 'drizzle-orm'
import { leagues } from '../../db/schema.ts'
import { atomically } from '../../db/transactions.ts'
import { audit, systemActor } from '../audit.ts'
import { type App, job } from '../context.ts'
import { Refusal, refuse } from '../errors.ts'
import type { Actor } from '../platform/http/request-context.ts'
import { announceLater } from './announce.ts'
import { mailFinalLater } from './final-mail.ts'
import { type LeagueView, requireUnarchived, requireUnsettled } from './league.ts'
import { changeLeague, hasStatus, leagueById, leagueViewById } from './queries.ts'

const alreadyFinal = 'This league is already final'

/** Freezes a league once: a second attempt is refused with a conflict, and the board stays as it is. */
export async function finalizeLeague(app: App, id: number, who: Actor): Promise<LeagueView> {
  const { db, clock, kinds } = app
  const league = leagueById(db, id)
  requireUnsettled(league, alreadyFinal)
  const rules = kinds[league.kind] ?? refuse('conflict', `Leagues of kind ${league.kind} cannot be finalised here`)
  const finalBoard = await rules.finalize(app, league)
  const jobIds = await atomically(db, tx => {
    requireUnsettled(leagueById(tx, id), alreadyFinal)
    const now = clock.now()
    const hash = finalBoard.store?.(tx) ?? finalBoard.hash
    const final = changeLeague(tx, id, { finalizedAt: now, finalHash: hash })
    audit(tx, { at: now, who, action: 'league.finalize', target: `league ${id}`, detail: { hash } })
    return [announceLater(app, tx, final, 'final'), mailFinalLater(app, tx, id)].filter(id => id !== undefined)
  })
  for (const jobId of jobIds) await app.jobs.tryDispatch(jobId)
  return leagueViewById(db, id, clock.now())
}

/** Finalises leagues that have ended and are set to finalise themselves. */
export const finalizeDue = job('leagues.finalize_due', {
  attempts: 1,
  expires: '120s',
  once: () => 'due',
  async run(_, app, { log }) {
    const due = app.db
      .select({ id: leagues.id, name: leagues.name, kind: leagues.kind })
      .from(leagues)
      .where(and(hasStatus('ended', app.clock.now()), eq(sql`json_extract(${leagues.config}, '$.auto_finalize')`, 1)))
      .all()
      .filter(({ kind }) => !app.kinds[kind]?.endsItself)
    const finalized: number[] = []
    const failures: unknown[] = []
    for (const { id, name } of due) {
      try {
        await finalizeLeague(app, id, systemActor)
        finalized.push(id)
        log.info('A league is final', { league_id: id, name })
      } catch (error) {
        if (error instanceof Refusal) {
          log.debug('A league cannot be finalised yet', { league_id: id, reason: error.detail })
        } else {
          log.error('Finalising a league failed', { league_id: id, name, error })
          failures.push(error)
        }
      }
    }
    if (failures.length > 0) throw failures[0] // the run fails, after the other leagues had their turn
    return { finalized }
  },
})

/** Makes a final league live again. From then on it is finalised by hand: otherwise it would be final again at once. */
export async function reopenLeague(app: App, id: number, who: Actor): Promise<LeagueView> {
  const { db, clock, kinds } = app
  const league = await atomically(db, tx => {
    const league = leagueById(tx, id)
    if (league.finalizedAt === null) refuse('conflict', 'This league is not final')
    requireUnarchived(league)
    const at = clock.now()
    const config = { ...league.config, auto_finalize: false }
    const live = changeLeague(tx, id, { finalizedAt: null, finalHash: null, config })
    kinds[league.kind]?.onReopen?.(tx, league, at)
    audit(tx, { at, who, action: 'league.reopen', target: `league ${id}`, detail: { hash: league.finalHash } })
    return live
  })
  await kinds[league.kind]?.onChange?.(app, league)
  return leagueViewById(db, id, clock.now())
}
