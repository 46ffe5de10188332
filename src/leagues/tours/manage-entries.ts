/** Making, changing and withdrawing entries: everything is checked in the transaction that writes. */
import type { Static } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { atomically } from '../../../db/transactions.ts'
import { defaultEntryName, userById } from '../../accounts/queries.ts'
import { audit } from '../../audit.ts'
import type { App } from '../../context.ts'
import { invalid, refuse } from '../../errors.ts'
import { iso } from '../../platform/clock.ts'
import { isAtLeast } from '../../platform/http/access.ts'
import { errorSummary } from '../../platform/http/field-errors.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { type League, leagueStatus } from '../league.ts'
import { insertMembership, leagueById } from '../queries.ts'
import { readableLeague } from '../visibility.ts'
import { tourRulesOf } from './config.ts'
import type { Entry, entryChange, newEntry } from './entry.ts'
import { changeEntry, countEntries, deleteEntry, entryById, insertEntry, nameIsTaken } from './entry-queries.ts'
import { checkPicks } from './pick-rules.ts'
import { arePicksOpen, bindEvent, loadPicks } from './picks.ts'

function tourLeagueById(db: Db, id: number): League {
  const league = leagueById(db, id)
  if (league.kind !== 'tour') refuse('conflict', `Only tour leagues have entries; this one is of kind ${league.kind}`)
  return league
}

/** Refuses unless picks can still be made. */
function requirePicksOpen(tx: Db, id: number, now: number) {
  const league = tourLeagueById(tx, id)
  const status = leagueStatus(league, now)
  if (status === 'final' || status === 'archived' || status === 'ended')
    refuse('conflict', `This league is ${status}; entries can no longer be made`)
  const picking = loadPicks(tx, league)
  if (!arePicksOpen(picking, now)) {
    const deadline = iso(picking.closesAt)
    refuse('conflict', `Picks are closed; the deadline was ${deadline}`, { deadline })
  }
  return { league, ...picking }
}

type OpenPicks = ReturnType<typeof requirePicksOpen>

function requireValidPicks(picks: readonly string[], { league, board, groups, why }: OpenPicks): void {
  const rules = tourRulesOf(league)
  const field = new Map(board?.golfers.map(golfer => [golfer.player_id, golfer]))
  if (rules.groups && !groups && why) refuse('invalid', why, { errors: [{ path: 'picks', message: `${why}.` }] })
  const errors = checkPicks(picks, rules.picks, field, groups?.groups)
  if (errors.length > 0)
    refuse('invalid', field.size > 0 ? errorSummary(errors) : (why ?? 'There is no field yet'), { errors })
}

const mayActFor = (who: Who, userId: number) => who.id === userId || isAtLeast(who, 'officer')

export async function createEntry(
  app: App,
  leagueId: number,
  who: Who,
  given: Static<typeof newEntry>,
): Promise<number> {
  const { db, clock } = app
  const userId = given.user_id ?? who.id ?? invalid('user_id', 'Name a user: the operator cannot join a league.')
  if (!mayActFor(who, userId)) refuse('forbidden', 'Only officers can enter for others')
  const at = clock.now()
  return atomically(db, tx => {
    readableLeague(tx, leagueId, who) // making an entry joins the league
    const picking = requirePicksOpen(tx, leagueId, at)
    const user = userById(tx, userId)
    requireValidPicks(given.picks, picking)
    const { max_entries } = tourRulesOf(picking.league)
    const own = countEntries(tx, leagueId, userId)
    if (own >= max_entries) refuse('conflict', `${user.username} has ${own} entries; ${max_entries} are allowed`)
    const name =
      given.name === undefined ? freeName(tx, leagueId, user.username) : requireFreeName(tx, leagueId, given.name)
    const { picks, tiebreaker = null } = given
    insertMembership(tx, leagueId, userId, at)
    if (picking.event) bindEvent(tx, picking.league, picking.event)
    const entry = insertEntry(tx, { leagueId, userId, name, picks, tiebreaker, createdAt: at, updatedAt: at })
    auditEntry(tx, at, who, 'entry.create', entry)
    return entry.id
  })
}

export async function editEntry(app: App, leagueId: number, id: number, who: Who, given: Static<typeof entryChange>) {
  const { db, clock } = app
  const at = clock.now()
  await atomically(db, tx => {
    const entry = ownEntry(tx, leagueId, id, who)
    const picking = requirePicksOpen(tx, leagueId, at)
    if (given.picks) requireValidPicks(given.picks, picking)
    const name = given.name === undefined ? entry.name : requireFreeName(tx, leagueId, given.name, id)
    const { picks = entry.picks, tiebreaker = entry.tiebreaker } = given
    changeEntry(tx, entry, { name, picks, tiebreaker, updatedAt: at })
    auditEntry(tx, at, who, 'entry.change', entry)
  })
}

export async function withdrawEntry({ db, clock }: App, leagueId: number, id: number, who: Who): Promise<void> {
  const at = clock.now()
  await atomically(db, tx => {
    const entry = ownEntry(tx, leagueId, id, who)
    requirePicksOpen(tx, leagueId, at)
    deleteEntry(tx, entry)
    auditEntry(tx, at, who, 'entry.withdraw', entry)
  })
}

function ownEntry(tx: Db, leagueId: number, id: number, who: Who): Entry {
  readableLeague(tx, leagueId, who)
  tourLeagueById(tx, leagueId)
  const entry = entryById(tx, leagueId, id)
  if (!mayActFor(who, entry.userId)) refuse('forbidden', 'This entry is somebody else’s')
  return entry
}

/** Without the picks, which are private before the deadline. */
const auditEntry = (tx: Db, at: number, who: Who, action: string, { id, leagueId, userId, name }: Entry) =>
  audit(tx, { at, who, action, target: `entry ${id}`, detail: { league_id: leagueId, user_id: userId, name } })

function requireFreeName(tx: Db, leagueId: number, wanted: string, butBy?: number): string {
  const name = wanted.normalize('NFC').replace(/\s+/g, ' ').trim()
  if (nameIsTaken(tx, leagueId, name, butBy))
    refuse('conflict', `An entry named ${name} already exists`, {
      errors: [{ path: 'name', message: 'This name is taken in this league; choose another.' }],
    })
  return name
}

function freeName(tx: Db, leagueId: number, username: string): string {
  for (let n = 1; ; n++) {
    const name = defaultEntryName(username, n)
    if (!nameIsTaken(tx, leagueId, name)) return name
  }
}
