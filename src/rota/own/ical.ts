/** Writes a calendar as RFC 5545 defines it. Times are in UTC, which every calendar shows in the reader's own zone. */

type CalendarEvent = {
  /** Stable for the same thing, so that a change is not another event. */
  uid: string
  from: number
  to: number
  summary: string
  location: string
  description: string
}

/** `at`: when it was read. A calendar takes over a change only from a later reading. */
export type Calendar = { name: string; at: number; events: readonly CalendarEvent[] }

export const icalType = 'text/calendar; charset=utf-8'

export function toIcal({ name, at, events }: Calendar): string {
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Fieldhouse//Rota//EN',
    'CALSCALE:GREGORIAN',
    'METHOD:PUBLISH',
    `NAME:${text(name)}`,
    `X-WR-CALNAME:${text(name)}`,
    'REFRESH-INTERVAL;VALUE=DURATION:PT1H',
    'X-PUBLISHED-TTL:PT1H',
    ...events.flatMap(event => [
      'BEGIN:VEVENT',
      `UID:${text(event.uid)}`,
      `DTSTAMP:${moment(at)}`,
      `DTSTART:${moment(event.from)}`,
      `DTEND:${moment(event.to)}`,
      `SUMMARY:${text(event.summary)}`,
      `LOCATION:${text(event.location)}`,
      `DESCRIPTION:${text(event.description)}`,
      'STATUS:CONFIRMED',
      'END:VEVENT',
    ]),
    'END:VCALENDAR',
  ]
  return lines.map(line => `${folded(line)}\r\n`).join('')
}

/** 20260323T170000Z */
const moment = (at: number) => new Date(at).toISOString().replaceAll(/[-:]|\.\d+/g, '')

const text = (value: string) =>
  value
    .replaceAll(/[\\;,]/g, sign => `\\${sign}`)
    .replaceAll(/\r\n?|\n/g, '\\n')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those that no line may hold
    .replaceAll(/[\x00-\x08\x0b-\x1f\x7f]/g, '')

const maxLineBytes = 75 // bytes of UTF-8 per line; longer lines continue in the next one, after a space

function folded(line: string): string {
  let out = ''
  let bytes = 0
  for (const sign of line) {
    const size = Buffer.byteLength(sign)
    if (bytes + size > maxLineBytes) {
      out += '\r\n '
      bytes = 1
    }
    out += sign
    bytes += size
  }
  return out
}
