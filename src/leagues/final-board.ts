/** The board of a final league, stored whole: it stays the same to the byte, whatever its source says later. */
import { eq } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import { frozenBoards } from '../../db/schema.ts'

export const finalBoardHash = (json: string): string => new Bun.CryptoHasher('sha256').update(json).digest('hex')

export function storeFinalBoard(tx: Db, leagueId: number, json: string): void {
  const content = Bun.zstdCompressSync(json)
  tx.insert(frozenBoards)
    .values({ leagueId, content })
    .onConflictDoUpdate({ target: frozenBoards.leagueId, set: { content } })
    .run()
}

export const deleteFinalBoard = (tx: Db, leagueId: number): void =>
  void tx.delete(frozenBoards).where(eq(frozenBoards.leagueId, leagueId)).run()

/** The stored board, in the shape its kind stored it. */
export function finalBoardOf<Board>(db: Db, leagueId: number): Board {
  const row = db.select().from(frozenBoards).where(eq(frozenBoards.leagueId, leagueId)).get()
  if (!row) throw new Error(`League ${leagueId} is final without a frozen board`)
  return JSON.parse(new TextDecoder().decode(Bun.zstdDecompressSync(row.content)))
}
