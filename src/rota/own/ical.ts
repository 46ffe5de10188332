/** A calendar as RFC 5545 writes it. Moments are in UTC, which every calendar shows in the reader's own zone. */

type CalendarEvent = {
  /** The same for the same thing ever after, so that a change is a change and not another event. */
  uid: string
  from: number
  to: number
  /** When it was last written. */
  stamp: number
  summary: string
  location: string
  description: string
}

export type Calendar = { name: string; events: readonly CalendarEvent[] }

export const icalType = 'text/calendar; charset=utf-8'

export function icalOf({ name, events }: Calendar): string {
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
      `DTSTAMP:${moment(event.stamp)}`,
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

const longest = 75 // bytes of UTF-8 in a line; what is longer goes on in the next, after a space

function folded(line: string): string {
  let out = ''
  let bytes = 0
  for (const sign of line) {
    const size = Buffer.byteLength(sign)
    if (bytes + size > longest) {
      out += '\r\n '
      bytes = 1
    }
    out += sign
    bytes += size
  }
  return out
}
