/**
 * `bun run admin reset-password ann@example.org`: prints a link for a new password, also when the password of the last admin is
 * lost. The link works once, within a day. Run it where Fieldhouse runs, with its DATA_DIR; the server may run or not.
 *
 * `bun run admin test-mail ann@example.org` sends a mail by SMTP_URL at once, and prints whether the mail server took it.
 */
import { existsSync } from 'node:fs'
import { databaseFile, openBeside } from '../db/open.ts'
import { atomically } from '../db/transactions.ts'
import { makePasswordLink, passwordLinkPath } from '../src/accounts/password-link.ts'
import { userByEmail } from '../src/accounts/queries.ts'
import { systemActor } from '../src/audit.ts'
import { readConfig } from '../src/config.ts'
import { messageOf } from '../src/errors.ts'
import { sendBySmtp } from '../src/mail/smtp.ts'
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
    const url = (publicUrl ?? `http://localhost:${port || 3000}`).replace(/\/+$/, '') + passwordLinkPath(token)
    return `Open this link to choose a new password; it works once, within a day:\n${url}`
  } finally {
    db.$client.close()
  }
}

async function testMail(email: string): Promise<string> {
  const config = readConfig(process.env)
  if (!config.smtpUrl) throw new Error('SMTP_URL is not set; Fieldhouse sends no mails')
  const text = `This is a test of the mails of Fieldhouse at ${config.publicUrl}. It has arrived.\n`
  await sendBySmtp(config, { to: email.trim(), subject: 'A test of Fieldhouse', text })
  return `${new URL(config.smtpUrl).host} has taken a mail to ${email}`
}

const commands: Record<string, (email: string) => Promise<string>> = {
  'reset-password': resetPassword,
  'test-mail': testMail,
}
const [name = '', email] = process.argv.slice(2)
const command = Object.hasOwn(commands, name) ? commands[name] : undefined
if (!command || !email) {
  console.error(helpOf(import.meta.path))
  process.exit(misused)
}
try {
  console.log(await command(email))
} catch (error) {
  console.error(messageOf(error))
  process.exitCode = 1
}
