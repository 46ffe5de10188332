/**
 * `bun run audit-ledger`: recomputes every balance of all market leagues from their ledgers and compares it. The server may run or
 * not. Differences are printed, raise an alert and end this with 1. The nightly job runs this script as a separate process, so that
 * no request waits for it.
 */
import { existsSync } from 'node:fs'
import { type Db, databaseFile, openBeside } from '../db/open.ts'
import { explainOpenErrors } from '../db/open-errors.ts'
import { atomically } from '../db/transactions.ts'
import { clearAlert, raiseAlert } from '../src/alerts.ts'
import { readConfig } from '../src/config.ts'
import { auditLedger, type LedgerAudit } from '../src/leagues/market/ledger-audit.ts'
import { counted } from '../src/platform/number-text.ts'
import { exitWithParent } from '../src/platform/process/child-process.ts'
import { helpFirst } from './script-help.ts'

helpFirst(import.meta.path)
exitWithParent()

const key = 'ledger_audit'

async function updateAlert(db: Db, { differences, more }: LedgerAudit): Promise<void> {
  const at = Date.now()
  await atomically(db, tx => {
    if (!differences.length) return clearAlert(tx, at, key)
    const [first] = differences
    raiseAlert(tx, at, {
      key,
      type: 'database_error',
      severity: 'critical',
      title: 'The ledger does not add up',
      message: `${differences.length + more} differences; the first: ${first && textOf(first)}`,
      data: { differences: differences.slice(0, 20), more: more + Math.max(0, differences.length - 20) },
    })
  })
}

const textOf = ({ league_id, user_id, what, ledger, found }: LedgerAudit['differences'][number]) =>
  `league ${league_id}, user ${user_id}: ${what} is ${found}, by the ledger ${ledger}`

async function audit(): Promise<void> {
  const { dataDir } = readConfig(process.env)
  if (!existsSync(databaseFile(dataDir))) throw new Error(`There is nothing to audit in ${dataDir}`)
  const db = openBeside(dataDir)
  const audit = explainOpenErrors(databaseFile(dataDir), () => auditLedger(dataDir))
  await updateAlert(db, audit)
  db.$client.close()
  for (const difference of audit.differences) console.error(textOf(difference))
  if (audit.more) console.error(`and ${audit.more} more`)
  const { leagues, portfolios, lines } = audit
  if (process.send)
    process.send({ audited: { leagues, portfolios, lines, differences: audit.differences.length + audit.more } })
  else
    console.log(
      `${counted(lines, 'line')}, ${counted(portfolios, 'portfolio')}, ${counted(leagues, 'league')}: ${audit.differences.length ? 'they do not add up' : 'every balance is right'}`,
    )
  process.exitCode = audit.differences.length ? 1 : 0
}

try {
  await audit()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
process.disconnect?.()
