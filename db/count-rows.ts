import { count, type InferSelectModel, type SQL } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Db } from './open.ts'

/** The number of rows in a table, or of those that meet a condition. */
export const countRows = (db: Db, table: SQLiteTable, where?: SQL): number =>
  db.select({ total: count() }).from(table).where(where).get()?.total ?? 0

/** The highest, lowest or sum of a column, of all rows or of those that meet a condition; null if there are none. */
export const aggregate = <Value>(db: Db, table: SQLiteTable, value: SQL<Value>, where?: SQL): Value | null =>
  db.select({ value }).from(table).where(where).get()?.value ?? null

type Slice = { limit: number; offset: number }
type Which = { where?: SQL; orderBy: (SQL | SQLiteColumn)[] }

/** Some rows of a table, and how many there are in all. */
export function rowsOfPage<Table extends SQLiteTable>(
  db: Db,
  table: Table,
  { where, orderBy }: Which,
  { limit, offset }: Slice,
): { rows: InferSelectModel<Table>[]; total: number } {
  const query = db
    .select()
    .from(table)
    .where(where)
    .orderBy(...orderBy)
    .limit(limit)
    .offset(offset)
  return { rows: query.all(), total: countRows(db, table, where) }
}
