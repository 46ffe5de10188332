/** Small parts shared by the pages of tours. */
import { type Content, type Html, html } from '../../platform/html.ts'
import { isAtLeast } from '../../platform/http/access.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { counted } from '../../platform/number-text.ts'
import { badge, type Tone } from '../../ui/parts/badges.ts'
import { notice } from '../../ui/parts/notices.ts'
import { moment, name, number, time, toPar } from '../../ui/parts/values.ts'
import { nameFromId } from './field-text.ts'
import type { PickScore } from './scoring.ts'
import { confirmedAt, eventStateOf, type Tour, type TourEvent, type TourState } from './tour.ts'

const tones: Record<TourState, Tone> = { new: 'plain', ok: 'good', held: 'warn', failing: 'bad' }
export const tourBadge = (state: TourState): Html => badge(state, tones[state])

const outWords: Partial<Record<PickScore['status'], string>> = {
  cut: 'cut',
  wd: 'withdrawn',
  dq: 'disqualified',
  missing: 'not in the field',
}

/** The state of a golfer: `thru 12`, `cut`. */
export function golferState({ status, thru }: Pick<PickScore, 'status' | 'thru'>): Content {
  const word = outWords[status]
  if (word) return word
  if (status === 'finished') return 'finished'
  if (thru === null) return null
  return thru === 0 ? 'to tee off' : thru === 18 ? 'round done' : html`thru ${number(thru)}`
}

/** Picks in a line; picks that count stand out, also for screen readers. */
export const pickList = (picks: readonly PickScore[]): Html =>
  html`<ul class="picks">${picks.map(
    pick =>
      html`<li class="${pick.counts ? 'counts' : 'quiet'}">${name(pick.name ?? nameFromId(pick.player_id))} ${pick.score !== null && html`<b>${toPar(pick.score)}</b>`}${pick.counts && html`<span class="sr"> counts</span>`} <small>${todayOf(pick)}${golferState(pick)}</small></li>`,
  )}</ul>`

/** For golfers who are on the course or have played today. */
const todayOf = ({ status, thru, today }: PickScore): Content =>
  status === 'active' && (thru ?? 0) > 0 && today !== null && html`${toPar(today)} today, `

/** Says above scores that they may be old, and since when; nothing if the feed is fine. */
export function feedNotice(tour: Tour | undefined, event: TourEvent | undefined): Content {
  const state = tour && eventStateOf(tour, event)
  if (!tour || (state !== 'held' && state !== 'failing')) return null
  const link = html`<a href="/tours/${tour.slug}">${name(tour.name)}</a>`
  const what =
    state === 'held'
      ? html`The answer of the feed of ${link} is held back: ${event?.held ?? tour.held}.`
      : html`The feed of ${link} has failed since ${moment(tour.failingSince)}.`
  return notice(html`${what} These scores were last confirmed ${time(confirmedAt(tour, event))}.`, 'warn')
}

/** Says what becomes of the boards of an event that does not go on, and to officers what they can do. */
export const cancelledNotice = (
  event: Pick<TourEvent, 'name' | 'status'> | null | undefined,
  who: Who | undefined,
  settings?: string,
): Content =>
  event?.status === 'cancelled' &&
  notice(
    html`According to its feed, ${name(event.name)} is cancelled, abandoned or put off. Boards stay as they are, and go on if play does.${
      isAtLeast(who, 'officer') &&
      html` Nothing ends by itself: in the ${settings ? html`<a href="${settings}">settings of the league</a>` : 'settings of its league'}, finalise the board if it counts as it stands, or set a later end if the event is played later. For another event, copy the league there: entries stay with their event.`
    }`,
    'warn',
  )

/** For officers: picks from a list wait to be matched. */
export const unmatchedNotice = (slug: string, open: number): Content =>
  open > 0 &&
  notice(
    html`${counted(open, 'picked player is', 'picked players are')} not on the feed: <a href="/tours/${slug}/upcoming">match them</a>.`,
    'warn',
  )
