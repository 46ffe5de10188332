/** Checks the data folder: databases intact, ledgers right, no unknown files. */
import { Database } from 'bun:sqlite'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { auditLedger } from '../../src/leagues/market/ledger-audit.ts'
import { backupNames } from '../../src/monitor/backups/stored-backups.ts'
import type { ReportFinding } from './audit.ts'
import { untilTrue } from './world.ts'

const databases = ['fieldhouse.db', 'scores.db', 'queue.db']

export function auditDatabases(dataDir: string, reportFinding: ReportFinding): void {
  const copies = backupNames(dataDir).flatMap(name => databases.map(file => join('backups', name, file)))
  for (const file of [...databases, ...copies].filter(file => existsSync(join(dataDir, file)))) {
    const database = new Database(join(dataDir, file), { readonly: true })
    database.run('PRAGMA busy_timeout = 10000')
    const [first] = database.query<{ integrity_check: string }, []>('PRAGMA integrity_check').all()
    if (first?.integrity_check !== 'ok') reportFinding(`${file}: ${first?.integrity_check}`)
    database.close()
  }
  const { differences } = auditLedger(dataDir)
  if (differences.length) reportFinding(`the ledger does not add up: ${JSON.stringify(differences[0])}`)
}

/** Waits a while, because some files are deleted only after the start, or once another process is known to be dead. */
export async function auditLeftovers(dataDir: string, alive: Alive, reportFinding: ReportFinding): Promise<void> {
  let remaining: string[] = []
  const isTidy = async () => {
    remaining = leftovers(dataDir, alive)
    return remaining.length === 0
  }
  if (!(await untilTrue(isTidy, 20_000))) reportFinding(`left over: ${remaining.join(', ')}`)
}

/** The number of processes that use the folder, and of those that have its queue open. */
type Alive = { processes: number; queue: number }

function leftovers(dataDir: string, alive: Alive): string[] {
  const namesIn = (folder: string) => (existsSync(join(dataDir, folder)) ? readdirSync(join(dataDir, folder)) : [])
  const isOfDatabase = (name: string) => databases.some(file => [file, `${file}-wal`, `${file}-shm`].includes(name))
  const locks = namesIn('').filter(name => /^queue\.db-.*\.alive$/.test(name))
  const journals = locks.map(lock => `${lock}-journal`)
  const uploads = knownFiles(dataDir)
  return [
    ...namesIn('').filter(
      name => !isOfDatabase(name) && ![...locks, ...journals, 'run', 'uploads', 'backups'].includes(name),
    ),
    ...locks.slice(alive.queue),
    ...namesIn('run').slice(alive.processes),
    ...namesIn('uploads').filter(name => !uploads.has(name)),
    ...namesIn('backups').filter(name => !/^(replaced-)?\d{4}-|^before-schema-\d+\.db$/.test(name)),
  ]
}

function knownFiles(dataDir: string): Set<string> {
  const database = new Database(join(dataDir, 'fieldhouse.db'), { readonly: true })
  database.run('PRAGMA busy_timeout = 10000')
  const rows = database
    .query<{ file: string }, []>(
      'select file from uploads where file is not null union all select file from upload_drafts',
    )
    .all()
  database.close()
  return new Set(rows.map(({ file }) => file))
}
