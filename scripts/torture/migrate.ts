/** Kills the first start on the data of an earlier release, then checks the data. */
import { Database } from 'bun:sqlite'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { databaseFile } from '../../db/open.ts'
import { spawnServer, startChildServer } from '../trials/child-server.ts'
import { auditDatabases, auditLeftovers } from './files.ts'
import type { Round } from './round.ts'

const release = join(import.meta.dir, '../../test/fixtures/databases/1.0.0.sql')
const comparedTables = [
  'users',
  'leagues',
  'league_members',
  'uploads',
  'entries',
  'portfolios',
  'ledger',
  'holdings',
  'staff',
]

export async function killMigration({ installation, random, reportFinding }: Round): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fieldhouse-migrated-'))
  try {
    const database = new Database(databaseFile(folder), { create: true })
    database.run('PRAGMA journal_mode = WAL')
    database.run('PRAGMA synchronous = OFF')
    database.run(readFileSync(release, 'utf8'))
    database.close()
    const before = contentOf(folder)
    for (let kills = random.whole(1, 4); kills > 0; kills--) {
      const server = await spawnServer(folder)
      await Bun.sleep(random.whole(0, installation.startMs()))
      await server.kill()
      installation.countKill()
    }
    const server = await startChildServer(folder)
    for (const [table, rows] of Object.entries(contentOf(folder)))
      if (rows !== before[table]) reportFinding(`migrate: ${table} is not what it was`)
    auditDatabases(folder, reportFinding)
    await auditLeftovers(folder, { processes: 1, queue: 1 }, reportFinding)
    await server.kill()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The ids of the rows of each table. */
function contentOf(folder: string): Record<string, string> {
  const database = new Database(databaseFile(folder), { readonly: true })
  const content: Record<string, string> = {}
  for (const { name } of database.query<{ name: string }, []>(`select name from pragma_table_list`).all())
    if (comparedTables.includes(name))
      content[name] = JSON.stringify(database.query(`select rowid from "${name}" order by rowid`).values())
  database.close()
  return content
}
