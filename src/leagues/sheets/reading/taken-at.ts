import type { PreviewRow } from './headers.ts'

const stamp = /\b(20\d\d)-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?\s*(UTC|GMT|Z|[+-]\d\d:?\d\d)?/i
const label = /scan|taken|date|time|updated|generated|created/i

/** When the rows around a table say it was made: a time with a zone, or one beside a word for it, before any other. UTC if no zone is named. */
export function takenAtIn(rows: PreviewRow[]): string | null {
  let best: { time: string; worth: number } | null = null
  for (const { cells } of rows)
    for (const [column, cell] of cells.entries()) {
      const found = stamp.exec(cell)
      if (!found) continue
      const [whole, year, month, day, hour, minute, second = '00', zone] = found
      const offset = !zone || /^[a-z]+$/i.test(zone) ? 'Z' : zone.replace(/^(...):?/, '$1:')
      const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}${offset}`)
      if (Number.isNaN(date.getTime())) continue
      const labelled = label.test(cell.replace(whole, '')) || label.test(cells[column - 1] ?? '')
      const worth = (zone ? 1 : 0) + (labelled ? 1 : 0)
      if (!best || worth > best.worth) best = { time: date.toISOString(), worth }
    }
  return best?.time ?? null
}
