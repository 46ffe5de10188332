/** Sends a mail through the server of `SMTP_URL`. nodemailer is imported with the first mail. */
import { atomically } from '../../db/transactions.ts'
import { clearAlert, raiseAlert } from '../alerts.ts'
import type { App } from '../context.ts'
import { networkReasonIn } from '../platform/http/outgoing.ts'
import { AlertedFailure } from '../platform/jobs/job.ts'

export type Mail = {
  to: string
  subject: string
  text: string
  html?: string
  headers?: Record<string, string>
  /** The sender's name, if MAIL_FROM is only an address. */
  sender?: string
}

/** How long the server may stay silent at each step, ms. The URL can change it: `smtp://…?socketTimeout=60000`. */
const patience = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000, dnsTimeout: 10_000 }

/** Names the server, but never the login or an address: alerts go to a webhook, and runs outlive accounts. */
class MailFailure extends Error {
  override readonly name = 'MailFailure'
  constructor(
    message: string,
    readonly host: string,
    /** The server will not accept this address later either. */
    readonly isAddress: boolean,
    cause: unknown,
  ) {
    super(message, { cause })
  }
}

export async function sendBySmtp(
  { smtpUrl, mailFrom = '' }: App['config'],
  { sender = '', ...mail }: Mail,
): Promise<void> {
  const url = new URL(smtpUrl ?? '')
  for (const [step, ms] of Object.entries(patience))
    if (!url.searchParams.has(step)) url.searchParams.set(step, String(ms))
  const { createTransport } = await import('nodemailer')
  const transport = createTransport(url.href)
  // As an object: an address is never read as a list of several.
  const from = mailFrom.includes('<') ? mailFrom : { name: sender, address: mailFrom }
  const to = { name: '', address: mail.to }
  try {
    await transport.sendMail({ from, ...mail, to, disableFileAccess: true, disableUrlAccess: true })
  } catch (error) {
    const { message, response, code, permanent } = failureOf(error)
    const said = typeof response === 'string' ? response : (networkReasonIn(message) ?? message)
    const reason = said.replaceAll(/[^\s<>"']+@[^\s<>"']+/g, '…')
    const isAddress = code === 'EENVELOPE' && permanent === true
    const sentence = `The mail server ${url.host} ${isAddress ? 'does not take an address' : 'failed'}: ${reason}`
    throw new MailFailure(sentence, url.host, isAddress, error)
  } finally {
    transport.close()
  }
}

type Failure = { message: string; code?: unknown; permanent?: unknown; response?: unknown }
const failureOf = (error: unknown): Failure => (error instanceof Error ? error : new Error(String(error)))

/** Alerts with this key are not mailed: they would not arrive. */
export const alertsOfMail = 'mail:'
const serverAlert = `${alertsOfMail}server`

/** A failing server raises an alert until it accepts a mail again; the job retries. A permanently refused address is not retried. */
export async function sendOrAlert({ config, db, clock }: App, mail: Mail): Promise<void> {
  try {
    await sendBySmtp(config, mail)
  } catch (error) {
    if (!(error instanceof MailFailure)) throw error
    const { message, host, isAddress } = error
    const alert = isAddress
      ? { key: `${alertsOfMail}address`, severity: 'warning' as const, title: 'A mail was refused' }
      : { key: serverAlert, severity: 'error' as const, title: 'Mails cannot be sent' }
    await atomically(db, tx => raiseAlert(tx, clock.now(), { type: 'mail_failed', message, data: { host }, ...alert }))
    throw isAddress ? new AlertedFailure(message) : error
  }
  await atomically(db, tx => clearAlert(tx, clock.now(), serverAlert), 'unsynced')
}
