/** Accepting an invitation: with a new account, or with an existing one. */

import type { Db } from '../../db/open.ts'
import { atomically } from '../../db/transactions.ts'
import { openInvitation, useInvitation } from '../accounts/invitation.ts'
import { usernamesOf } from '../accounts/queries.ts'
import { type NewAccount, type SignedIn, signUpInvited } from '../accounts/sign-in.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { iso } from '../platform/clock.ts'
import type { Who } from '../platform/http/request-context.ts'
import { addMember, requireUnended } from './membership.ts'
import { isMember, leagueById } from './queries.ts'

export function describeInvitation({ db, clock }: App, token: string) {
  const { leagueId, createdBy, expiresAt } = openInvitation(db, token, clock.now())
  const league = leagueId === null ? null : leagueById(db, leagueId)
  if (league) requireUnended(league, clock.now())
  return {
    league: league && { id: league.id, name: league.name },
    invited_by: usernamesOf(db, [createdBy]).get(createdBy ?? 0) ?? null,
    expires_at: iso(expiresAt),
  }
}

/** One transaction makes the account, adds it to the league and counts the use. */
export async function acceptInvitation(
  app: App,
  request: Request,
  token: string,
  account: NewAccount,
): Promise<SignedIn & { league_id: number | null }> {
  let leagueId: number | null = null
  const signedIn = await signUpInvited(app, request, account, {
    check: () => describeInvitation(app, token),
    enter(tx, user, now) {
      leagueId = enterByInvitation(tx, app, token, user, now)
    },
  })
  return { ...signedIn, league_id: leagueId }
}

/** Somebody who is already in the league does not use up the invitation. */
export async function joinByInvitation(app: App, token: string, { id, username }: Who): Promise<number | null> {
  const { db, clock } = app
  if (id === null) return refuse('conflict', 'The operator cannot join a league')
  const { league } = describeInvitation(app, token)
  if (!league) return null
  return atomically(db, tx =>
    isMember(tx, league.id, id) ? league.id : enterByInvitation(tx, app, token, { id, username }, clock.now()),
  )
}

function enterByInvitation(
  tx: Db,
  app: App,
  token: string,
  user: { id: number; username: string },
  now: number,
): number | null {
  const { leagueId } = useInvitation(tx, token, user, now)
  if (leagueId === null) return null
  const league = leagueById(tx, leagueId)
  requireUnended(league, now)
  addMember(tx, app, league, user.id, now)
  return leagueId
}
