/** What each kind of league tells about how active its leagues are. The dashboard reads it in the reader thread, where there is only the database. */
import { type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Db } from '../../db/open.ts'
import type { League } from './league.ts'

export type KindHealth = {
  /** Members join and play, so it matters how many there are and whether they come. */
  membersPlay: boolean
  /** When something last changed the board, ms since 1970; null: never. */
  lastActivity(db: Db, league: League): number | null
  /** What to do if nothing has come in yet. */
  firstStep: string
  /** What to do if nothing new comes in. */
  nextStep: string
}

export const newestTime = (db: Db, table: SQLiteTable, column: SQLiteColumn, where: SQL | undefined): number | null =>
  db
    .select({ at: sql<number | null>`max(${column})` })
    .from(table)
    .where(where)
    .get()?.at ?? null
