/** Marks that officers set on players, and which players do not count because of them. */
import { and, asc, desc, eq } from 'drizzle-orm'
import { countRows, rowsOfPage } from '../../../db/count-rows.ts'
import type { Db } from '../../../db/open.ts'
import { equalsGiven } from '../../../db/prepared-writes.ts'
import { playerMarks } from '../../../db/schema.ts'
import { prepared } from '../../../db/transactions.ts'
import { audit } from '../../audit.ts'
import { invalid, refuse } from '../../errors.ts'
import { touch } from '../../platform/cache/stamps.ts'
import type { PageSlice } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { type League, requireUnsettled } from '../league.ts'
import { leagueById } from '../queries.ts'

export type PlayerMark = typeof playerMarks.$inferSelect
/** By player id. */
export type Marks = ReadonlyMap<string, PlayerMark>

/** The players who do not count; `key` identifies the set. */
export type LeftOut = { ids: readonly string[]; key: string }

const maxMarks = 5_000 // each is looked up in every new scan

const ofLeague = prepared(db =>
  db.select().from(playerMarks).where(equalsGiven(playerMarks.leagueId)).orderBy(asc(playerMarks.playerId)),
)

export const marksOf = (db: Db, leagueId: number): Marks =>
  new Map(
    ofLeague(db)
      .all({ leagueId })
      .map(mark => [mark.playerId, mark]),
  )

export function leftOutBy(marks: Marks | undefined): LeftOut | undefined {
  const ids = [...(marks?.values() ?? [])].filter(({ counted }) => !counted).map(({ playerId }) => playerId)
  return ids.length > 0 ? { ids, key: Bun.hash(JSON.stringify(ids)).toString(36) } : undefined
}

/** Newest mark first. */
export function listMarks(db: Db, leagueId: number, slice: PageSlice) {
  const ofLeague = {
    where: eq(playerMarks.leagueId, leagueId),
    orderBy: [desc(playerMarks.markedAt), playerMarks.playerId],
  }
  const { rows, total } = rowsOfPage(db, playerMarks, ofLeague, slice)
  return { marks: rows, total }
}

const countOf = (db: Db, leagueId: number): number => countRows(db, playerMarks, eq(playerMarks.leagueId, leagueId))

export const markOf = (db: Db, leagueId: number, playerId: string): PlayerMark | undefined =>
  db
    .select()
    .from(playerMarks)
    .where(and(eq(playerMarks.leagueId, leagueId), eq(playerMarks.playerId, playerId)))
    .get()

type MarkChange = Pick<PlayerMark, 'playerId' | 'reason' | 'farmOf' | 'note' | 'counted'>

export function markPlayer(tx: Db, leagueId: number, change: MarkChange, who: Who, now: number): PlayerMark {
  requireLive(tx, leagueId)
  const { playerId, ...given } = change
  if (given.farmOf === playerId) invalid('farm_of', 'A player cannot be their own second account.')
  const before = markOf(tx, leagueId, playerId)
  if (!before && countOf(tx, leagueId) >= maxMarks) refuse('conflict', `A league can mark at most ${maxMarks} players`)
  const set = { ...given, markedBy: who.id, markedAt: now }
  const mark = tx
    .insert(playerMarks)
    .values({ leagueId, playerId, ...set })
    .onConflictDoUpdate({ target: [playerMarks.leagueId, playerMarks.playerId], set })
    .returning()
    .get()
  touch(tx, 'scores', leagueId)
  const detail = { league_id: leagueId, before: before && markDetail(before), now: markDetail(mark) }
  audit(tx, { at: now, who, action: 'player.mark', target: `player ${playerId}`, detail })
  return mark
}

export function unmarkPlayer(tx: Db, leagueId: number, playerId: string, who: Who, now: number): void {
  requireLive(tx, leagueId)
  const before = markOf(tx, leagueId, playerId) ?? refuse('not_found', 'This player has no mark')
  tx.delete(playerMarks)
    .where(and(eq(playerMarks.leagueId, leagueId), eq(playerMarks.playerId, playerId)))
    .run()
  touch(tx, 'scores', leagueId)
  const detail = { league_id: leagueId, before: markDetail(before) }
  audit(tx, { at: now, who, action: 'player.unmark', target: `player ${playerId}`, detail })
}

const markDetail = ({ reason, farmOf, note, counted }: PlayerMark) => ({ reason, farm_of: farmOf, note, counted })

export function requireSheetLeague(db: Db, id: number): League {
  const league = leagueById(db, id)
  return league.kind === 'sheet' ? league : refuse('not_found', 'Only sheet leagues mark players')
}

const requireLive = (tx: Db, leagueId: number): void =>
  requireUnsettled(requireSheetLeague(tx, leagueId), 'The league is final, so its board cannot change')
