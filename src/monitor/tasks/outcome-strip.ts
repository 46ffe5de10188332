import { type Html, html } from '../../platform/html.ts'
import { duration } from '../../ui/parts/values.ts'
import type { RunOutcome } from './task-queries.ts'

const places = 20
const [step, width, height] = [7, 5, 20]

const words: Record<RunOutcome['status'], string> = {
  SUCCESS: 'done',
  FAILURE: 'failed',
  CANCELLED: 'cancelled',
  SKIPPED: 'skipped',
  PENDING: 'waiting',
  PROGRESS: 'under way',
  GONE: 'forgotten',
}

/** The last outcomes of a task, the newest at the right: how high is how long, and what failed reaches from top to bottom. */
export function outcomeStrip(outcomes: readonly RunOutcome[]): Html {
  const shown = outcomes.slice(-places)
  const longest = Math.max(1, ...shown.map(({ ms }) => ms ?? 0))
  const count = (status: RunOutcome['status']) => shown.filter(outcome => outcome.status === status).length
  const failed = count('FAILURE')
  const label = shown.length
    ? `Last ${shown.length}: ${count('SUCCESS') + count('SKIPPED')} done${failed ? `, ${failed} failed` : ''}`
    : 'Nothing yet'
  const offset = places - shown.length
  return html`<svg class="strip" viewBox="0 0 ${places * step} ${height}" width="${places * step}" height="${height}" role="img" aria-label="${label}">${shown.map(
    (outcome, i) => bar(outcome, (offset + i) * step, longest),
  )}</svg>`
}

function bar({ status, ms, slot }: RunOutcome, x: number, longest: number): Html {
  const isWhole = status === 'FAILURE'
  const size = isWhole ? height : ms === null ? 4 : 4 + Math.round((height - 6) * Math.sqrt(ms / longest))
  const when = new Date(slot).toISOString().slice(0, 16).replace('T', ' ')
  const title = html`<title>${when} UTC: ${words[status]}${ms !== null && html`, ${duration(ms)}`}</title>`
  return html`<g class="${status.toLowerCase()}"><rect x="${x}" y="${height - size}" width="${width}" height="${size}" rx="1" />${isWhole && html`<path d="M${x} ${height / 2 - 3}l${width} 6m0 -6l-${width} 6" />`}${title}</g>`
}
