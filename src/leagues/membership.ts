/** Joining and leaving a league. */
import type { Db } from '../../db/open.ts'
import { atomically } from '../../db/transactions.ts'
import { userById } from '../accounts/queries.ts'
import { audit } from '../audit.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import type { Who } from '../platform/http/request-context.ts'
import { type League, leagueStatus } from './league.ts'
import { deleteMembership, insertMembership, isMember, leagueById } from './queries.ts'

type WithKinds = Pick<App, 'kinds'>

/** A league accepts members until it has ended. */
export function requireUnended(league: League, now: number): void {
  const status = leagueStatus(league, now)
  if (status !== 'active' && status !== 'upcoming')
    refuse('conflict', `This league is ${status}; nobody can join any more`)
}

/** Whether people may join by themselves: after that only officers can add members. */
export function mayEnter(app: Pick<App, 'db' | 'kinds'>, league: League, now: number): boolean {
  if (!['active', 'upcoming'].includes(leagueStatus(league, now))) return false
  return app.kinds[league.kind]?.mayEnter?.(app, league, now) ?? true
}

/** Part of a transaction. Returns true for a new member. */
export function addMember(tx: Db, { kinds }: WithKinds, league: League, userId: number, now: number): boolean {
  const isNew = insertMembership(tx, league.id, userId, now)
  if (isNew) kinds[league.kind]?.onJoin?.(tx, league, userId, now)
  return isNew
}

/** What happens to what they have played, as a sentence shown before they leave. */
export function onLeaving({ db, kinds, clock }: App, league: League, userId: number): string {
  return kinds[league.kind]?.describeLeaving?.(db, league, userId, clock.now()) ?? 'Nothing was played.'
}

/** By the member or by an officer. Returns what happened to what they have played. */
export async function leaveLeague(app: App, leagueId: number, userId: number, who: Who): Promise<string> {
  const { db, clock, kinds } = app
  return atomically(db, tx => {
    const now = clock.now()
    const league = leagueById(tx, leagueId)
    if (!isMember(tx, leagueId, userId))
      refuse('not_found', `${who.id === userId ? 'You are' : `User ${userId} is`} not a member of this league`)
    const { username } = userById(tx, userId)
    const rules = kinds[league.kind]
    const played = rules?.describeLeaving?.(tx, league, userId, now) ?? 'Nothing was played.'
    rules?.onLeave?.(tx, league, userId, now)
    deleteMembership(tx, leagueId, userId)
    const action = who.id === userId ? 'league.leave' : 'league.remove_member'
    const detail = { user_id: userId, username, played }
    audit(tx, { at: now, who, action, target: `league ${leagueId}`, detail })
    return played
  })
}
