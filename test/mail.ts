/** Mail servers that accept, refuse or never answer, and the mails they received. */
import { expect } from 'bun:test'
import type { Socket } from 'node:net'
import { createServer } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { afterTest, until } from './start.ts'

type ReceivedMail = { to: string[]; from: string; headers: Map<string, string>; text: string; html: string }

const publicUrl = 'https://play.example.org'
/** The settings for a mail server at this port. */
export const mailSettings = (port: number, query = '') => ({
  SMTP_URL: `smtp://127.0.0.1:${port}/${query}`,
  MAIL_FROM: 'Fieldhouse <fieldhouse@example.org>',
  PUBLIC_URL: publicUrl,
})

export async function mailServer() {
  const mails: ReceivedMail[] = []
  const refused = { addresses: new Set<string>(), next: 0 }
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onRcptTo({ address }, _, done) {
      if (refused.addresses.has(address))
        return done(Object.assign(new Error('no such mailbox'), { responseCode: 550 }))
      if (refused.next > 0) {
        refused.next--
        return done(Object.assign(new Error('come again later'), { responseCode: 451 }))
      }
      done()
    },
    onData(stream, { envelope }, done) {
      const pieces: Buffer[] = []
      stream.on('data', piece => pieces.push(piece))
      stream.on('end', () => {
        const to = envelope.rcptTo.map(({ address }) => address)
        const from = envelope.mailFrom ? envelope.mailFrom.address : ''
        mails.push({ to, from, ...parse(Buffer.concat(pieces).toString('utf8')) })
        done()
      })
    },
  })
  server.on('error', () => {})
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const close = () => new Promise<void>(resolve => server.close(() => resolve()))
  afterTest(close)
  const address = server.server.address()
  if (!address || typeof address === 'string') throw new Error('The mail server has no port')
  return {
    port: address.port,
    mails,
    refused,
    /** The mails to an address, once there are at least `atLeast`. */
    to: (address: string, atLeast = 1): Promise<ReceivedMail[]> =>
      until(() => {
        const received = mails.filter(({ to }) => to.includes(address))
        return received.length >= atLeast ? received : undefined
      }),
  }
}

/** A server that accepts connections and never answers. */
export async function silentServer(): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  afterTest(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (!address || typeof address === 'string') throw new Error('The silent server has no port')
  return address.port
}

const linkPattern = /https:\/\/play\.example\.org[^\s"<]*/g
/** The links in a mail, as paths of the app under test. */
export const linksOf = ({ text }: ReceivedMail): string[] =>
  [...text.matchAll(linkPattern)].map(([url]) => url.slice(publicUrl.length))

/** The link in a mail to one page, with its secret. */
export const linkTo = (page: string, mail: ReceivedMail = expect.unreachable()): string =>
  linksOf(mail).find(path => path.startsWith(`${page}?`)) ?? ''

/** The headers and both parts of a mail. */
function parse(raw: string): Omit<ReceivedMail, 'to' | 'from'> {
  const { headers, body } = splitHeaders(raw)
  const boundary = /boundary="([^"]+)"/.exec(headers.get('content-type') ?? '')?.[1]
  const parts = boundary ? body.split(`--${boundary}`).map(part => splitHeaders(part.trimStart())) : [{ headers, body }]
  const part = (type: string) => {
    const match = parts.find(({ headers }) => headers.get('content-type')?.startsWith(type))
    return match ? decode(match.body, match.headers.get('content-transfer-encoding')) : ''
  }
  return { headers, text: part('text/plain'), html: part('text/html') }
}

function splitHeaders(raw: string) {
  const [head = '', ...rest] = raw.replaceAll('\r\n', '\n').split('\n\n')
  const lines = head.replaceAll(/\n[ \t]+/g, ' ').split('\n')
  const headers = new Map(
    lines.map(line => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  return { headers, body: rest.join('\n\n') }
}

function decode(body: string, encoding = ''): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8')
  if (encoding !== 'quoted-printable') return body
  const bytes = body
    .replaceAll('=\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
