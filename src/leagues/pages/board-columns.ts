import { GOAL, gainColumn, goalColumn, type Mark, type Row } from '../../leaderboard/page.ts'
import type { Total } from '../../leaderboard/totals.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import { movement, tier } from '../../ui/parts/badges.ts'
import type { Column } from '../../ui/parts/table.ts'
import { name, number, percent } from '../../ui/parts/values.ts'
import type { BoardView } from '../board.ts'
import type { KindPages } from '../kind-pages.ts'
import { markName, metricName } from './words.ts'

/** Rank, movement, name, score, tier and every metric with its gain. What no row has is left out. `total` stands below. */
export function boardTableColumns(
  { rows, sort_by, order }: BoardView,
  { score, scoreName, metric, first, scoreBars }: KindPages,
  tiers: readonly string[],
  path: string,
  withLabel: (label: string) => string,
  total?: Total,
): Column<Row>[] {
  const labels = Object.keys(rows[0]?.labels ?? {})
  const metrics = Object.keys(rows[0]?.metrics ?? {}).filter(each => each !== 'score')
  const moved = rows.some(({ change }) => change !== null)
  const highest = Math.max(0, ...rows.map(row => row.score ?? 0))
  const hasBars = scoreBars && highest > 0 && sort_by === 'score' && order === 'desc'
  const targets = Object.keys(rows[0]?.goals ?? {})
  return [
    {
      head: html`<abbr title="Rank">#</abbr>`,
      class: 'rank',
      numeric: true,
      cell: row => html`<span>${number(sort_by === 'score' && row.score === null ? null : row.rank)}</span>`,
    },
    ...(moved
      ? [
          {
            head: html`<span class="sr">Movement</span>`,
            class: 'moved',
            cell: (row: Row) => !isLeftOut(row) && movement(row.change),
          },
        ]
      : []),
    {
      head: 'Name',
      names: true,
      foot: total && html`Total of ${number(total.players)}`,
      cell: row =>
        html`<a href="${path}/players/${encodeURIComponent(row.player_id)}">${row.name ? name(row.name) : name(row.player_id)}</a>${row.mark && html` ${markBadge(row.mark)}`}`,
    },
    {
      head: scoreName,
      numeric: true,
      class: 'score',
      sort: { by: 'score', first },
      foot: total && score(total.score.sum),
      cell: row => html`${score(row.score)}${hasBars && bar((row.score ?? 0) / highest)}`,
    },
    ...(rows.some(row => row.tier)
      ? [{ head: 'Tier', cell: (row: Row) => tier(row.tier, row.tier ? tiers.indexOf(row.tier) : -1, tiers.length) }]
      : []),
    ...(targets.length > 0 ? [goal('Goal', GOAL, row => row.goal_pct)] : []),
    ...(targets.length > 1
      ? targets.map(each => goal(`${metricName(each)}: goal`, goalColumn(each), row => row.goals?.[each]))
      : []),
    ...labels.map(
      (label): Column<Row> => ({
        head: metricName(label),
        cell: ({ labels }) => {
          const text = labels?.[label]
          return text ? html`<a href="${withLabel(`${label}:${text}`)}">${name(text)}</a>` : number(null)
        },
      }),
    ),
    ...metrics.map(
      (each): Column<Row> => ({
        head: metricName(each),
        numeric: true,
        sort: { by: sort_by === gainColumn(each) ? sort_by : each },
        foot: total && html`${metric(each, total.metrics[each]?.sum ?? null)}${gain(total.gains[each]?.sum)}`,
        cell: row => html`${metric(each, row.metrics[each] ?? null)}${gain(row.gains?.[each])}`,
      }),
    ),
  ]
}

const isLeftOut = ({ mark }: Row) => mark?.counted === false

const markBadge = (mark: Mark): Html =>
  html`<span class="badge quiet" title="${[mark.farm_of && `of ${mark.farm_of.name}`, mark.note].filter(Boolean).join('. ')}">${markName(mark)}</span>`

/** How much of a goal, or of one of its targets, is reached. */
const goal = (head: string, by: string, reached: (row: Row) => number | null | undefined): Column<Row> => ({
  head,
  numeric: true,
  sort: { by, first: 'desc' },
  cell: row => percent(reached(row) ?? null),
})

export const gain = (value: number | null | undefined): Content =>
  value !== null &&
  value !== undefined &&
  value !== 0 &&
  html` <small class="${value > 0 ? 'gain' : 'loss'}">${number(value, { signed: true })}</small>`

/** How much of the best score this is, as a line under it. */
const bar = (part: number): Html =>
  html`<svg class="bar" viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true"><rect width="${Math.max(0, Math.round(part * 100))}" height="2" /></svg>`
