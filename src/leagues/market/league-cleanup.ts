/** Deletes the rows of a deleted market league in small steps; the nightly retention finishes what was left. */
import { eq, getTableName, sql } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import {
  closingQuotes,
  dailyBoardValues,
  dailyValues,
  holdings,
  ledger,
  orderKeys,
  portfolios,
} from '../../../db/schema.ts'
import { tryWrite } from '../../../db/transactions.ts'
import type { App } from '../../context.ts'

type MarketTable = (typeof tables)[number]
const tables = [holdings, orderKeys, closingQuotes, dailyValues, dailyBoardValues, portfolios, ledger] as const
const rowsPerStep = 100 // rows: a few milliseconds

export async function deleteMarketRows({ db, livePortfolios }: App, leagueId: number): Promise<void> {
  livePortfolios.forget(leagueId)
  for (const table of tables) while (deleteRows(db, table, leagueId, rowsPerStep) === rowsPerStep) await Bun.sleep(5)
}

/** Rows of leagues that no longer exist, one table and one league at a time; returns `limit` while there are any. */
export function deleteOrphanRows(db: Db, limit: number): number {
  for (const table of tables) {
    const orphan = orphanIn(db, table)
    if (orphan === undefined) continue
    deleteRows(db, table, orphan, limit)
    return limit
  }
  return 0
}

/** Jumps from league to league through the index: a million lines are a handful of leagues. */
function orphanIn({ $client: client }: Db, table: MarketTable): number | undefined {
  const name = getTableName(table)
  const orphan = client.query<{ id: number }, []>(`
    with recursive ids(id) as (
      select min(league_id) from ${name}
      union all select (select min(league_id) from ${name} where league_id > id) from ids where id is not null
    )
    select id from ids where id is not null and id not in (select id from leagues) limit 1`)
  return orphan.get()?.id
}

/** Skips a busy database until the next step: returns `limit`, as if there were more. */
function deleteRows(db: Db, table: MarketTable, leagueId: number, limit: number): number {
  const which = sql`rowid in (select rowid from ${table} where ${eq(table.leagueId, leagueId)} limit ${limit})`
  return tryWrite(db, tx => tx.delete(table).where(which).returning({ one: sql`1` }).all().length) ?? limit
}
