/** Joining and leaving a league. */
import type { Db } from '../../db/open.ts'
import { atomically } from '../../db/transactions.ts'
import { userById, userByName } from '../accounts/queries.ts'
import { audit } from '../audit.ts'
import type { App } from '../context.ts'
import { invalid, refuse } from '../errors.ts'
import { isAtLeast } from '../platform/http/access.ts'
import type { Who } from '../platform/http/request-context.ts'
import { type League, type LeagueStatus, leagueStatus } from './league.ts'
import { deleteMembership, insertMembership, isMember, leagueById } from './queries.ts'
import { readableLeague } from './visibility.ts'

type WithKinds = Pick<App, 'kinds'>

const isUnended = (status: LeagueStatus) => status === 'active' || status === 'upcoming'

/** A league accepts members until it has ended. */
export function requireUnended(league: League, now: number): void {
  const status = leagueStatus(league, now)
  if (!isUnended(status)) refuse('conflict', `This league is ${status}; nobody can join any more`)
}

/** Whether people may join by themselves: after that only officers can add members. */
export function mayEnter(app: Pick<App, 'db' | 'kinds'>, league: League, now: number): boolean {
  if (!isUnended(leagueStatus(league, now))) return false
  return app.kinds[league.kind]?.mayEnter?.(app, league, now) ?? true
}

/** Part of a transaction. Returns true for a new member. */
export function addMember(tx: Db, { kinds }: WithKinds, league: League, userId: number, now: number): boolean {
  const isNew = insertMembership(tx, league.id, userId, now)
  if (isNew) kinds[league.kind]?.onJoin?.(tx, league, userId, now)
  return isNew
}

/** By the member themselves, or by an officer for the user that they name. */
export async function joinLeague(
  app: App,
  leagueId: number,
  who: Who,
  { user_id, username }: { user_id?: number; username?: string },
) {
  const { db, clock, kinds } = app
  const isOfficer = isAtLeast(who, 'officer')
  const isOther = username !== undefined || (user_id !== undefined && user_id !== who.id)
  if (isOther && !isOfficer) refuse('forbidden', 'Only officers can add others')
  const named = username === undefined ? who : userByName(db, username.trim())
  const userId = user_id ?? (named ?? invalid('username', `There is no user ${username}.`)).id
  if (userId === null) return invalid('user_id', 'Name a user: the operator cannot join a league.')
  return atomically(db, tx => {
    const now = clock.now()
    const league = readableLeague(tx, leagueId, who) // officers add people to a private league
    requireUnended(league, now)
    if (!isOfficer && !mayEnter({ db: tx, kinds }, league, now))
      refuse('conflict', 'Entering has ended in this league; an officer may still add you')
    const { username } = userById(tx, userId)
    const joined = addMember(tx, app, league, userId, now)
    const message = joined ? `${username} is a member now` : `${username} was a member already`
    return { league_id: leagueId, user_id: userId, joined, message }
  })
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
