/** What pages of leagues show that only a tour league has. */
import type { App } from '../../context.ts'
import { type Content, html } from '../../platform/html.ts'
import { notice } from '../../ui/parts/notices.ts'
import { table } from '../../ui/parts/table.ts'
import { countdown, name, number, toPar } from '../../ui/parts/values.ts'
import type { PlayerView } from '../kinds.ts'
import type { League } from '../league.ts'
import { tourRulesOf } from './config.ts'
import { feedNotice, golferState } from './page-parts.ts'
import { arePicksOpen } from './picks.ts'
import { findTour } from './queries.ts'
import type { PickScore } from './scoring.ts'

/** How old the scores may be, or until when picks can be made. */
export function aboveBoard({ db, clock, tourBoards }: App, league: League): Content {
  if (league.finalizedAt !== null) return null
  const picking = tourBoards.picking(league)
  return html`${feedNotice(findTour(db, tourRulesOf(league).tour))}${
    arePicksOpen(picking, clock.now()) &&
    notice(
      html`Picks can be made for ${countdown(picking.closesAt)}: <a href="/leagues/${league.id}/entries">to the entries</a>. Scores show once they are closed.`,
    )
  }`
}

export function picksOnCard(_: App, league: League, { picks, tiebreaker, username }: PlayerView): Content {
  const by = typeof username === 'string' && html`<p>Entered by ${name(username)}.</p>`
  if (!isPicks(picks))
    return html`<section class="part"><h2>Picks</h2>${by}<p>They are shown once the picks are closed.</p></section>`
  return html`<section class="part">
<h2>Picks</h2>
${by}
${table({
  caption: 'Picks and what each is worth',
  rows: picks,
  rowClass: pick => (pick.counts ? undefined : 'quiet'),
  columns: [
    { head: 'Golfer', names: true, cell: pick => name(pick.name ?? pick.player_id) },
    { head: 'Worth', numeric: true, class: 'score', cell: pick => toPar(pick.score) },
    { head: 'Counts', cell: pick => (pick.counts ? 'yes' : 'no') },
    { head: 'To par', numeric: true, cell: pick => toPar(pick.total) },
    { head: 'Today', numeric: true, cell: pick => toPar(pick.today) },
    { head: 'Now', cell: pick => golferState(pick) },
    { head: 'Round', numeric: true, cell: pick => number(pick.round) },
  ],
})}
${tourRulesOf(league).tiebreak === 'guess' && html`<p class="quiet">Guess of the winning total: ${toPar(typeof tiebreaker === 'number' ? tiebreaker : null)}</p>`}
</section>`
}

const isPicks = (picks: unknown): picks is PickScore[] => Array.isArray(picks)
