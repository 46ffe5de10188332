/** Hands a mail to the server of `SMTP_URL`. nodemailer is imported with the first mail. */
import { atomically } from '../../db/transactions.ts'
import { clear, raise } from '../alerts.ts'
import type { App } from '../context.ts'
import { AlertedFailure } from '../platform/jobs/job.ts'

export type Mail = { to: string; subject: string; text: string; html: string; headers: Record<string, string> }

/** So long the server may stay silent at each step, ms. The URL may say otherwise: `smtp://…?socketTimeout=60000`. */
const patience = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000, dnsTimeout: 10_000 }

/** Alerts under this are not mailed: they would not arrive. */
export const alertsOfMail = 'mail:'
const serverAlert = `${alertsOfMail}server`

/** A server that fails raises an alert until it takes a mail again; the job tries again. An address refused for good is not tried again. */
export async function handOver({ config, db, clock }: App, mail: Mail): Promise<void> {
  const url = new URL(config.smtpUrl ?? '')
  for (const [step, ms] of Object.entries(patience))
    if (!url.searchParams.has(step)) url.searchParams.set(step, String(ms))
  const { createTransport } = await import('nodemailer')
  const transport = createTransport(url.href)
  try {
    // As an object: an address is never read as a list of several.
    const to = { name: '', address: mail.to }
    await transport.sendMail({ from: config.mailFrom, ...mail, to, disableFileAccess: true, disableUrlAccess: true })
  } catch (error) {
    const failure = failureOf(error)
    const isAddress = failure.code === 'EENVELOPE' && failure.permanent
    const reason = withoutAddresses(typeof failure.response === 'string' ? failure.response : failure.message)
    const message = `The mail server ${url.host} ${isAddress ? 'does not take an address' : 'failed'}: ${reason}`
    const alert = isAddress
      ? { key: `${alertsOfMail}address`, severity: 'warning' as const, title: 'A mail was refused', message }
      : { key: serverAlert, severity: 'error' as const, title: 'Mails cannot be sent', message }
    await atomically(db, tx => raise(tx, clock.now(), { type: 'mail_failed', data: { host: url.host }, ...alert }))
    throw isAddress ? new AlertedFailure(message) : new Error(message, { cause: error })
  } finally {
    transport.close()
  }
  await atomically(db, tx => clear(tx, clock.now(), serverAlert), 'unsynced')
}

/** Alerts go to a webhook, and runs outlive accounts. */
const withoutAddresses = (text: string) => text.replaceAll(/[^\s<>"']+@[^\s<>"']+/g, '…')

type Failure = { message: string; code?: unknown; permanent?: unknown; response?: unknown }
const failureOf = (error: unknown): Failure => (error instanceof Error ? error : new Error(String(error)))
