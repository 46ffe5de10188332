/** Marked players: their list, and on a player's card the mark and the form that sets it. */
import type { PlayerMarkView } from '../../leaderboard/page.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import { isAtLeast } from '../../platform/http/access.ts'
import type { Pagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { address } from '../../ui/parts/address.ts'
import { badge } from '../../ui/parts/badges.ts'
import { action, form, formField } from '../../ui/parts/form.ts'
import { emptyState, notice } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { table } from '../../ui/parts/table.ts'
import { name, time } from '../../ui/parts/values.ts'
import type { PlayerView } from '../kinds.ts'
import { isSettled, type League, type LeagueView } from '../league.ts'
import { markName } from '../pages/board-columns.ts'
import { leagueHead } from '../pages/league-head.ts'
import { sheetKindPages } from './kind-pages.ts'
import type { MarkedPlayer } from './marked-player.ts'

type MarksData = { league: LeagueView; marks: readonly MarkedPlayer[]; list: Pagination }

export function marksPageBody({ league, marks, list }: MarksData, who: Who | undefined): Html {
  const path = `/leagues/${league.id}`
  return html`${leagueHead({ league, kind: sheetKindPages, who, tab: 'marks' })}
<section class="part">
<h2>Marked players</h2>
<p>Second accounts, people on vacation, and whoever else needs a word. Who is left out has no rank and counts in no total, but keeps a card.
To mark somebody, find them and open their card.</p>
<div class="toolbar"><form class="search" method="get" action="${path}" role="search"><input type="search" name="q" placeholder="Find a player" aria-label="Find a player" maxlength="100" autocomplete="off" /></form></div>
${table<MarkedPlayer>({
  caption: 'Marked players, newest mark first',
  rows: marks,
  pages: list,
  key: ({ player_id }) => `k-${player_id}`,
  columns: [
    {
      head: 'Name',
      names: true,
      cell: mark => html`<a href="${path}/players/${encodeURIComponent(mark.player_id)}">${name(mark.name)}</a>`,
    },
    { head: 'Id', cell: ({ player_id }) => html`<code>${player_id}</code>` },
    { head: 'Mark', cell: mark => markSentence(mark, path) },
    { head: 'Counts', cell: ({ counted }) => (counted ? 'yes' : badge('left out', 'warn')) },
    { head: 'Note', cell: ({ note }) => note && name(note) },
    { head: 'Last seen', cell: ({ last_seen }) => last_seen && time(last_seen) },
    {
      head: 'Marked',
      cell: ({ marked_by, marked_at }) => html`${time(marked_at)} by ${name(marked_by ?? 'operator')}`,
    },
  ],
  actions: !isSettled(league) && (mark => removeButton(`/api/v1${path}`, mark)),
  empty: emptyState('Nobody is marked', 'Everyone on the sheets counts.'),
})}
${paginationLinks(list, (page, limit) => address(`${path}/marks`, { page, limit }))}
</section>`
}

const removeButton = (league: string, { player_id, name }: Pick<MarkedPlayer, 'player_id' | 'name'>): Html =>
  action({
    label: 'Remove',
    of: name,
    look: 'danger small',
    method: 'delete',
    action: `${league}/players/${encodeURIComponent(player_id)}/mark`,
    confirm: `Remove the mark of ${name}? They count again.`,
    done: 'The mark is removed',
  })

/** `farm account of Bob` */
function markSentence(mark: Pick<PlayerMarkView, 'reason' | 'farm_of' | 'counted'>, league: string): Html {
  const { farm_of } = mark
  return html`${markName(mark)}${farm_of && html` of <a href="${league}/players/${encodeURIComponent(farm_of.player_id)}">${name(farm_of.name)}</a>`}`
}

/** The mark on a player's card, and for officers the form. */
export function markOnCard(league: League, player: PlayerView, who: Who | undefined): Content {
  const { mark } = player
  const isOpen = isAtLeast(who, 'officer') && league.finalizedAt === null && league.archivedAt === null
  return [
    mark &&
      notice(
        html`Marked: ${markSentence(mark, `/leagues/${league.id}`)}. ${mark.note && html`“${name(mark.note)}” `}${mark.counted ? 'The player counts like everyone else.' : 'The player has no rank and counts in no total.'}`,
        'warn',
      ),
    isOpen && markForm(league, player),
  ]
}

function markForm({ id }: League, { player_id, name, mark }: PlayerView): Html {
  const path = `/api/v1/leagues/${id}`
  return html`<details class="part"><summary>${mark ? 'Change the mark' : 'Mark this player'}</summary>
${form(
  {
    method: 'put',
    action: `${path}/players/${encodeURIComponent(player_id)}/mark`,
    done: 'Marked',
  },
  html`${formField({
    label: 'Why',
    name: 'reason',
    type: 'select',
    value: mark?.reason ?? 'farm',
    choices: { farm: 'A second account (farm)', vacation: 'On vacation', other: 'Another reason' },
  })}${formField({
    label: 'Main account',
    name: 'farm_of',
    optional: true,
    maxlength: 200,
    value: mark?.farm_of?.player_id,
    hint: 'Of a second account: the player id of the main one',
  })}${formField({ label: 'Note', name: 'note', optional: true, maxlength: 300, value: mark?.note, hint: 'Everyone who sees the board can read it.' })}${formField({ label: 'Counts in ranks and totals', name: 'counted', type: 'checkbox', value: mark?.counted ?? false })}`,
  'Mark the player',
)}
${mark && html`<div class="toolbar">${removeButton(path, { player_id, name })}</div>`}
</details>`
}
