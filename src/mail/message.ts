/** A mail as it is read: short, in text and in HTML, with a link to turn off its kind. */
import type { MailKind } from '../../db/schema.ts'
import { html } from '../platform/html.ts'
import { kindsOfMail } from './kinds.ts'

export type Letter = {
  subject: string
  /** Paragraphs. */
  lines: readonly string[]
  /** What to do next. */
  link?: { label: string; url: string }
}

const ink = 'font: 16px/1.5 system-ui, sans-serif; color: #1c1b18; max-width: 34em'
const quiet = 'font-size: 13px; color: #6b675e'
const button =
  'display: inline-block; padding: 10px 18px; border-radius: 6px; background: #1f5f45; color: #ffffff; text-decoration: none'

export function render(
  { subject, lines, link }: Letter,
  kind: MailKind,
  site: string,
  unsubscribe: string,
  place: string,
) {
  const why = `Sent by ${place} at ${site}. To stop mails of the kind “${kindsOfMail[kind].label}”:`
  const text = [...lines, ...(link ? [`${link.label}:\n${link.url}`] : []), `--\n${why}\n${unsubscribe}`].join('\n\n')
  const markup = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${subject}</title></head>
<body style="${ink}">
${lines.map(line => html`<p>${line.split('\n').map((part, i) => html`${i > 0 && html`<br>`}${part}`)}</p>\n`)}
${link && html`<p><a href="${link.url}" style="${button}">${link.label}</a></p>\n<p style="${quiet}">${link.url}</p>`}
<hr>
<p style="${quiet}">${why} <a href="${unsubscribe}">turn them off</a>.</p>
</body></html>`
  return { subject: onOneLine(subject), text: `${text}\n`, html: String(markup) }
}

/** Names are written by other people: none may start another header. */
const onOneLine = (text: string) =>
  text
    .replaceAll(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, 200)
