/**
 * `bun run audit-ledger`: plays the ledgers of all market leagues again and compares every balance, beside a running server
 * or without one. A difference is printed, raises an alert and ends this with 1. The nightly job runs this very program as a
 * process of its own, so that no request waits for it.
 */
import { existsSync } from 'node:fs'
import { databaseFile, openBeside } from '../db/open.ts'
import { atomically } from '../db/transaction.ts'
import { clear, raise } from '../src/admin/alerts.ts'
import { readConfig } from '../src/config.ts'
import { type Audit, auditLedger } from '../src/market/auditing.ts'

const { dataDir } = readConfig(process.env)
const key = 'ledger_audit'

async function tell({ differences, more }: Audit): Promise<void> {
  const db = openBeside(dataDir)
  const at = Date.now()
  await atomically(db, tx => {
    if (!differences.length) return clear(tx, at, key)
    const [first] = differences
    raise(tx, at, {
      key,
      type: 'database_error',
      severity: 'critical',
      title: 'The ledger does not add up',
      message: `${differences.length + more} differences; the first: ${first && said(first)}`,
      data: { differences: differences.slice(0, 20), more: more + Math.max(0, differences.length - 20) },
    })
  })
  db.$client.close()
}

const said = ({ league_id, user_id, what, ledger, found }: Audit['differences'][number]) =>
  `league ${league_id}, user ${user_id}: ${what} is ${found}, by the ledger ${ledger}`

if (existsSync(databaseFile(dataDir))) {
  const audit = auditLedger(dataDir)
  await tell(audit)
  for (const difference of audit.differences) console.error(said(difference))
  if (audit.more) console.error(`and ${audit.more} more`)
  const { leagues, portfolios, lines } = audit
  if (process.send)
    process.send({ audited: { leagues, portfolios, lines, differences: audit.differences.length + audit.more } })
  else
    console.log(
      `${lines} lines, ${portfolios} portfolios, ${leagues} leagues: ${audit.differences.length ? 'they do not add up' : 'every balance is right'}`,
    )
  process.exitCode = audit.differences.length ? 1 : 0
} else {
  console.error(`There is nothing to audit in ${dataDir}`)
  process.exitCode = 1
}
process.disconnect?.()
