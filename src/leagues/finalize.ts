import { atomically } from '../../db/transactions.ts'
import { audit } from '../audit.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import type { Who } from '../platform/http/request-context.ts'
import { announceLater } from './announce.ts'
import { mailFinalLater } from './final-mail.ts'
import type { LeagueView } from './league.ts'
import { changeLeague, leagueById, leagueViewById } from './queries.ts'

/** Freezes a league once: a second attempt is refused with a conflict, and the board stays as it is. */
export async function finalize(app: App, id: number, who: Pick<Who, 'id' | 'username'>): Promise<LeagueView> {
  const { db, clock, kinds } = app
  const league = leagueById(db, id)
  if (league.finalizedAt !== null) refuse('conflict', 'This league is already final')
  const rules = kinds[league.kind] ?? refuse('conflict', `Leagues of kind ${league.kind} cannot be finalised here`)
  const frozen = await rules.finalize(app, league)
  const mailJobs = await atomically(db, tx => {
    if (leagueById(tx, id).finalizedAt !== null) refuse('conflict', 'This league is already final')
    const now = clock.now()
    const hash = frozen.keep?.(tx) ?? frozen.hash
    const final = changeLeague(tx, id, { finalizedAt: now, finalHash: hash })
    audit(tx, { at: now, who, action: 'league.finalize', target: `league ${id}`, detail: { hash } })
    return [announceLater(app, tx, final, 'final'), mailFinalLater(app, tx, id)].filter(id => id !== undefined)
  })
  for (const job of mailJobs) await app.jobs.tryDispatch(job)
  return leagueViewById(db, id, clock.now())
}

/** Makes a final league live again. From then on it is finalised by hand: otherwise it would be final again at once. */
export async function reopen(app: App, id: number, who: Pick<Who, 'id' | 'username'>): Promise<LeagueView> {
  const { db, clock, kinds } = app
  const league = await atomically(db, tx => {
    const league = leagueById(tx, id)
    if (league.finalizedAt === null) refuse('conflict', 'This league is not final')
    if (league.archivedAt !== null) refuse('conflict', 'This league is archived; unarchive it first')
    kinds[league.kind]?.reopened?.(tx, league)
    const config = { ...league.config, auto_finalize: false }
    const at = clock.now()
    audit(tx, { at, who, action: 'league.reopen', target: `league ${id}`, detail: { hash: league.finalHash } })
    return changeLeague(tx, id, { finalizedAt: null, finalHash: null, config })
  })
  await kinds[league.kind]?.changed?.(app, league)
  return leagueViewById(db, id, clock.now())
}
