/**
 * `bun run admin reset-password ann@example.org`: for whoever has lost the password of the last admin. Prints a link that changes
 * it, once within a day. Run it where Fieldhouse runs, with its DATA_DIR; the server may run or not.
 */
import { existsSync } from 'node:fs'
import { databaseFile, openBeside } from '../db/open.ts'
import { atomically } from '../db/transactions.ts'
import { makePasswordLink, passwordLinkPath } from '../src/accounts/password-link.ts'
import { userByEmail } from '../src/accounts/queries.ts'
import { systemActor } from '../src/audit.ts'
import { readConfig } from '../src/config.ts'
import { helpFirst, helpOf, misused } from './script-help.ts'

helpFirst(import.meta.path, { words: 2 })

async function resetPassword(email: string): Promise<string> {
  const { dataDir, publicUrl, port } = readConfig(process.env)
  if (!existsSync(databaseFile(dataDir))) throw new Error(`There is no fieldhouse.db in ${dataDir}; set DATA_DIR`)
  const db = openBeside(dataDir)
  try {
    const { token } = await atomically(db, tx => {
      const user = userByEmail(tx, email.trim().toLowerCase())
      if (!user) throw new Error(`There is no account of ${email}`)
      return makePasswordLink(tx, user, systemActor, Date.now())
    })
    return (publicUrl ?? `http://localhost:${port || 3000}`).replace(/\/+$/, '') + passwordLinkPath(token)
  } finally {
    db.$client.close()
  }
}

const [command, email] = process.argv.slice(2)
if (command !== 'reset-password' || !email) {
  console.error(helpOf(import.meta.path))
  process.exit(misused)
}
try {
  console.log(`Open this link to choose a new password; it works once, within a day:\n${await resetPassword(email)}`)
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
