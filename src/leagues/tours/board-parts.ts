/** Parts of league pages that only tour leagues have: notices above the board, picks under rows and on cards. */
import type { Db } from '../../../db/open.ts'
import type { App } from '../../context.ts'
import type { BoardRow } from '../../leaderboard/page.ts'
import { type Content, html } from '../../platform/html.ts'
import { isAtLeast } from '../../platform/http/access.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { counted } from '../../platform/number-text.ts'
import { notice } from '../../ui/parts/notices.ts'
import { table } from '../../ui/parts/table.ts'
import { countdown, name, number, toPar } from '../../ui/parts/values.ts'
import type { PlayerView } from '../kinds.ts'
import type { League } from '../league.ts'
import { tourRulesOf } from './config.ts'
import { countEntries, entriesByIds } from './entry-queries.ts'
import { nameFromId } from './field-text.ts'
import { openUnmatched } from './match-field.ts'
import { cancelledNotice, feedNotice, golferState, pickList, unmatchedNotice } from './page-parts.ts'
import { arePicksOpen } from './picks.ts'
import { findTour } from './queries.ts'
import { golferField, type PickScore, scoreEntry } from './scoring.ts'

/** Notices about the feed and unmatched picks; while picks are open, the deadline and the reader's entries. */
export function aboveBoard({ db, clock, tourBoards }: App, league: League, who: Who | undefined): Content {
  if (league.finalizedAt !== null) return null
  const picking = tourBoards.picksFor(league)
  const tour = findTour(db, tourRulesOf(league).tour)
  return html`${feedNotice(tour, picking.event)}${cancelledNotice(picking.event, who, `/leagues/${league.id}/settings`)}${tour && isAtLeast(who, 'officer') && unmatchedNotice(tour.slug, openUnmatched(db, tour).length)}${
    arePicksOpen(picking, clock.now()) &&
    notice(html`Picks close in ${countdown(picking.closesAt, 'a moment')}. ${ownEntries(db, league, who)}`)
  }`
}

function ownEntries(db: Db, { id }: League, who: Who | undefined): Content {
  const path = `/leagues/${id}/entries`
  const own = who?.id ? countEntries(db, id, who.id) : 0
  if (own === 0) return html`<a href="${path}">Make your entry</a>`
  return html`You have <a href="${path}">${counted(own, 'entry', 'entries')}</a>.`
}

/** The picks of each entry and their scores, once they are public. */
export async function picksUnderRows(
  { db, tourBoards }: App,
  league: League,
  rows: readonly BoardRow[],
): Promise<ReadonlyMap<string, Content>> {
  const { golfers } = await tourBoards.of(league)
  if (!golfers) return new Map()
  const field = golferField(golfers)
  const entries = entriesByIds(
    db,
    rows.map(row => Number(row.player_id)),
  )
  const rules = tourRulesOf(league)
  return new Map([...entries].map(([id, entry]) => [String(id), pickList(scoreEntry(entry, field, rules).picks)]))
}

export function picksPart(_: App, league: League, { picks, tiebreaker, username }: PlayerView): Content {
  const by = typeof username === 'string' && html`<p>Entered by ${name(username)}.</p>`
  if (!isPicks(picks))
    return html`<section class="part"><h2>Picks</h2>${by}<p>They are shown once the picks are closed.</p></section>`
  return html`<section class="part">
<h2>Picks</h2>
${by}
${table({
  caption: 'Picks and what each is worth',
  rows: picks,
  rowName: pick => pick.name ?? nameFromId(pick.player_id),
  rowClass: pick => (pick.counts ? undefined : 'quiet'),
  columns: [
    { head: 'Golfer', names: true, cell: pick => name(pick.name ?? nameFromId(pick.player_id)) },
    { head: 'Worth', numeric: true, class: 'score', cell: pick => toPar(pick.score) },
    { head: 'Counts', folds: true, cell: pick => (pick.counts ? 'yes' : 'no') },
    { head: 'To par', numeric: true, folds: true, cell: pick => toPar(pick.total) },
    { head: 'Today', numeric: true, cell: pick => toPar(pick.today) },
    { head: 'Now', class: 'now', folds: true, cell: pick => golferState(pick) },
    { head: 'Round', numeric: true, folds: true, cell: pick => number(pick.round) },
  ],
})}
${tourRulesOf(league).tiebreak === 'guess' && html`<p class="quiet">Guess of the winning total: ${toPar(typeof tiebreaker === 'number' ? tiebreaker : null)}</p>`}
</section>`
}

const isPicks = (picks: unknown): picks is PickScore[] => Array.isArray(picks)
