/** Small marks next to a value: states, tiers, movement. Never colour alone. */
import { type Content, type Html, html } from '../../platform/html.ts'
import { partsBar } from './figures.ts'
import { countLink, number } from './values.ts'

export type Tone = 'plain' | 'good' | 'warn' | 'bad' | 'quiet' | 'live'

export const badge = (text: Content, tone: Tone = 'plain'): Html => html`<span class="badge ${tone}">${text}</span>`

/** The normal state in a list where most are normal: a tick without a frame. */
export const allWell = (text: Content): Html =>
  html`<span class="calm"><span aria-hidden="true">✓</span> ${text}</span>`

const statusTones: Record<string, Tone> = {
  active: 'live',
  upcoming: 'plain',
  ended: 'quiet',
  final: 'good',
  archived: 'quiet',
  queued: 'plain',
  running: 'live',
  held: 'warn',
  done: 'good',
  failed: 'bad',
  cancelled: 'quiet',
  undone: 'quiet',
  PENDING: 'plain',
  PROGRESS: 'live',
  SUCCESS: 'good',
  FAILURE: 'bad',
  CANCELLED: 'quiet',
  healthy: 'good',
  degraded: 'warn',
  unhealthy: 'bad',
  HEALTHY: 'good',
  WARNING: 'warn',
  CRITICAL: 'bad',
  ERROR: 'bad',
  info: 'plain',
  warning: 'warn',
  error: 'bad',
  critical: 'bad',
}

/** A state of a league, upload, job, check or alert, coloured by what it means. */
export const status = (state: string): Html => badge(state.toLowerCase(), statusTones[state] ?? 'plain')

const tierShades = 5

const shadeOf = (place: number, of: number) =>
  place < 0 ? tierShades - 1 : of < 2 ? 0 : Math.round((place * (tierShades - 1)) / (of - 1))

/** A tier as a stamp. `place` counts from 0, the best, up to `of`, and sets the depth of its colour. */
export function tier(name: string | null | undefined, place: number, of: number): Content {
  if (!name) return null
  return html`<span class="tier t${shadeOf(place, of)}">${name}</span>`
}

/** How many are in each tier, best first: a bar, and its numbers, which open the list of the tier. */
export function tierBar(tiers: readonly { name: string; players: number }[], href: (tier: string) => string): Content {
  const parts = tiers.map(({ name, players }, place) => ({
    name,
    size: players,
    tone: `t${shadeOf(place, tiers.length)}`,
  }))
  return (
    parts.some(({ size }) => size > 0) &&
    html`<div class="tier-bar">${partsBar(parts)}<ul aria-label="Players in each tier">${parts.map(({ name, size, tone }) => html`<li class="${tone}">${name} ${countLink(size, href(name))}</li>`)}</ul></div>`
  )
}

/** Places climbed or lost; null is a newcomer. */
export function movement(change: number | null): Html {
  if (change === null) return html`<span class="move new">new</span>`
  if (change === 0)
    return html`<span class="move same"><span aria-hidden="true">–</span><span class="sr">unchanged</span></span>`
  const [sort, arrow] = change > 0 ? ['up', '▲'] : ['down', '▼']
  return html`<span class="move ${sort}"><span aria-hidden="true">${arrow}</span><span class="sr">${sort} </span>${number(Math.abs(change))}</span>`
}
