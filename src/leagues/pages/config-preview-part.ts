/** How the settings in the form would move players. */
import { type Content, type Html, html } from '../../platform/html.ts'
import { counted } from '../../platform/number-text.ts'
import { movement } from '../../ui/parts/badges.ts'
import { notice } from '../../ui/parts/notices.ts'
import { table } from '../../ui/parts/table.ts'
import { name, number } from '../../ui/parts/values.ts'
import type { ConfigPreview } from '../config-preview.ts'
import { columnName, type Headings } from '../headings.ts'
import type { KindPages } from '../kind-pages.ts'

type Mover = ConfigPreview['up'][number]

export function configPreviewPart(
  preview: ConfigPreview,
  kind: KindPages,
  headings: Headings | undefined,
  path: string,
): Html {
  const { players, moved, up, down, tiers_changed, tiers, notes, sort_by, sort_by_before } = preview
  const column = (by: string) => columnName(by, kind.scoreName, headings)
  const sorted = sort_by === sort_by_before ? column(sort_by) : `${column(sort_by_before)} now, ${column(sort_by)} then`
  return html`<h3>What would change</h3>
<p>${moved === 0 ? 'Nobody would move' : html`${number(moved)} of ${number(players)} players would change rank`} (ranked by ${sorted}). Nothing is saved yet.</p>
${notes.map(note => notice(note, 'warn'))}
${up.length > 0 && movers('Furthest up', up, kind, path)}
${down.length > 0 && movers('Furthest down', down, kind, path)}
<p>${tiers_changed === 0 ? 'Nobody would change tier.' : html`${counted(tiers_changed, 'player')} would change tier: ${tiers.map(({ from, to, players }, i) => html`${i > 0 && ', '}${tierName(from)} → ${tierName(to)} ${number(players)}`)}.`}</p>`
}

const tierName = (tier: string | null) => (tier === null ? 'none' : name(tier))

const movers = (caption: string, rows: readonly Mover[], { score }: KindPages, path: string) =>
  table({
    caption,
    stack: false,
    dense: true,
    rows,
    columns: [
      {
        head: caption,
        names: true,
        cell: player =>
          html`<a href="${path}/players/${encodeURIComponent(player.player_id)}">${name(player.name || player.player_id)}</a>`,
      },
      { head: html`<span class="sr">Movement</span>`, class: 'moved', cell: ({ move }) => movement(move) },
      { head: 'Rank', numeric: true, cell: player => change(player.rank_before, player.rank, number) },
      { head: 'Score', numeric: true, cell: player => change(player.score_before, player.score, score) },
      { head: 'Tier', cell: player => change(player.tier_before, player.tier, tierName) },
    ],
  })

const change = <T>(before: T, after: T, format: (value: T) => Content): Content =>
  before === after ? format(after) : html`${format(before)} → ${format(after)}`
