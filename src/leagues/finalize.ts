import { atomically } from '../../db/transaction.ts'
import { audit } from '../admin/audit.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import type { Who } from '../runtime/exchange.ts'
import type { LeagueView } from './league.ts'
import { changeLeague, leagueById, leagueViewById } from './queries.ts'

/** Freezes a league once: whoever comes second gets the conflict, the board stays as the first one left it. */
export async function finalize(app: App, id: number, who: Pick<Who, 'id' | 'username'>): Promise<LeagueView> {
  const { db, clock, kinds } = app
  const league = leagueById(db, id)
  if (league.finalizedAt !== null) refuse('conflict', 'This league is final already')
  const rules = kinds[league.kind] ?? refuse('conflict', `Leagues of kind ${league.kind} cannot be finalised here`)
  const finalHash = await rules.finalize(app, league)
  await atomically(db, tx => {
    if (leagueById(tx, id).finalizedAt !== null) refuse('conflict', 'This league is final already')
    const now = clock.now()
    changeLeague(tx, id, { finalizedAt: now, finalHash })
    audit(tx, { at: now, who, action: 'league.finalize', target: `league ${id}`, detail: { hash: finalHash } })
  })
  return leagueViewById(db, id, clock.now())
}
