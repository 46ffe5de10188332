/** The board of a final league: kept whole, so that it stays the same to the byte whatever the feed says afterwards. */
import { eq } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import { frozenBoards } from '../../db/schema.ts'
import type { League } from '../leagues/league.ts'
import type { Scores } from './boards.ts'

export type FrozenBoard = Scores & { as_of: number }

export function freeze(tx: Db, leagueId: number, json: string): void {
  const content = Bun.zstdCompressSync(json)
  tx.insert(frozenBoards)
    .values({ leagueId, content })
    .onConflictDoUpdate({ target: frozenBoards.leagueId, set: { content } })
    .run()
}

export const thaw = (tx: Db, leagueId: number): void =>
  void tx.delete(frozenBoards).where(eq(frozenBoards.leagueId, leagueId)).run()

export const hashOf = (json: string): string => new Bun.CryptoHasher('sha256').update(json).digest('hex')

export function frozenOf(db: Db, { id }: Pick<League, 'id'>): FrozenBoard {
  const row = db.select().from(frozenBoards).where(eq(frozenBoards.leagueId, id)).get()
  if (!row) throw new Error(`League ${id} is final without a frozen board`)
  return JSON.parse(new TextDecoder().decode(Bun.zstdDecompressSync(row.content)))
}
