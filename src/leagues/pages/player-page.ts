import { type Content, type Html, html } from '../../platform/html.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { address } from '../../ui/parts/address.ts'
import { badge, movement, tier } from '../../ui/parts/badges.ts'
import { chart, sparkline } from '../../ui/parts/figures.ts'
import { notice } from '../../ui/parts/notices.ts'
import { table } from '../../ui/parts/table.ts'
import { moment, momentText, name, number, percent } from '../../ui/parts/values.ts'
import { labelColumn } from '../columns.ts'
import { metricName } from '../headings.ts'
import type { KindPages } from '../kind-pages.ts'
import type { PlayerView } from '../kinds.ts'
import type { LeagueView } from '../league.ts'
import { leagueHead } from './league-head.ts'

type HistoryRow = PlayerView['history'][number]

const unknownCard = { current: null, baseline: null, gain: null, rank: null, percentile: null }
const cardOf = (known: PlayerView['metrics'][string]) => ({
  ...unknownCard,
  ...(typeof known === 'number' ? { current: known } : known),
})

type PlayerData = {
  league: LeagueView
  kind: KindPages
  player: PlayerView
  tiers: readonly string[]
  /** What leagues of this kind show in addition. */
  above?: Content
}

/** If a goal has several targets: how much of each has been reached. */
const goalsLine = ({ goals = {}, headings }: PlayerView): Content =>
  Object.keys(goals).length > 1 &&
  Object.entries(goals).map(
    ([metric, reached], i) => html`${i > 0 && ', '}${metricName(metric, headings)} ${percent(reached)}`,
  )

/** Where they stand, for chats; empty without a rank, which who is left out has none of. */
export const playerSummary = ({ kind, player: { rank, score } }: PlayerData): string =>
  rank === null || score === null ? '' : `Rank ${rank}, ${kind.scoreName.toLowerCase()} ${kind.score(score)}`

/** The card of one player: their position, what it is based on, and their history. */
export function playerBody(data: PlayerData, query: { metric?: string }, who: Who | undefined): Html {
  const { league, kind, player, above } = data
  const person = kind.playersAreUsers ? player.player_id : player.user_id
  const isOnBoard = player.last_seen === undefined
  return html`${leagueHead({ league, kind, who, title: name(player.name || player.player_id), figures: figuresOf(data) })}
<div class="toolbar">
<span class="quiet">Id <code>${player.player_id}</code></span>
<span class="actions">${isOnBoard && html`<a class="button small quiet" href="${address(`/leagues/${league.id}`, { around: player.player_id })}">Show on the board</a>`}${person !== undefined && html`<a class="button small quiet" href="/people/${String(person)}">In all leagues</a>`}${isOnBoard && html`<button type="button" class="small quiet needs-js" aria-pressed="false" data-me="${league.id}" data-player="${player.player_id}">This is me</button>`}</span>
</div>${player.last_seen && notice(html`Missing from the newest scan. Last seen ${moment(player.last_seen)}: the values here are from that scan.`, 'warn')}${above}
${metricsPart(data)}
${player.history.length > 0 && historyPart(data, query.metric)}`
}

function figuresOf({ league, kind, player, tiers }: PlayerData) {
  const scores = seriesOf(player, 'score').filter(value => value !== null)
  return [
    {
      label: 'Rank',
      value: number(player.score === null ? null : player.rank),
      note: player.change !== null && movement(player.change),
    },
    {
      label: kind.scoreName,
      value: kind.score(player.score),
      note: scores.length > 1 && sparkline(scores, `${kind.scoreName} over ${scores.length} snapshots, listed below`),
    },
    { label: 'Better than', value: percent(player.percentile), note: 'of all players' },
    player.goal_pct !== undefined && { label: 'Goal', value: percent(player.goal_pct), note: goalsLine(player) },
    ...Object.entries(player.labels ?? {}).map(([label, text]) =>
      text
        ? { label: metricName(labelColumn(label), player.headings), value: labelLink(league.id, label, text) }
        : undefined,
    ),
    player.tier ? { label: 'Tier', value: tier(player.tier, tiers.indexOf(player.tier), tiers.length) } : undefined,
  ]
}

/** The score or a metric in each snapshot. */
const seriesOf = ({ history }: PlayerView, metric: string): (number | null)[] =>
  history.map(point => (metric === 'score' ? point.score : (point.metrics[metric] ?? null)))

const metricsWithHistory = ({ metrics, history }: PlayerView): string[] =>
  Object.keys(metrics).filter(metric => history.some(point => metric in point.metrics))

function metricsPart({ kind, player }: PlayerData): Html {
  const { history, headings } = player
  const rows = Object.entries(player.metrics).map(([metric, value]) => ({ metric, ...cardOf(value) }))
  const isKnown = (part: Exclude<keyof typeof unknownCard, 'current'>) => rows.some(card => card[part] !== null)
  return html`<section class="part">
<h2>By metric</h2>
${table({
  caption: `Metrics of ${player.name}`,
  rows,
  rowName: ({ metric }) => metricName(metric, headings),
  columns: [
    { head: 'Metric', names: true, cell: ({ metric }) => metricName(metric, headings) },
    { head: 'Current', numeric: true, cell: ({ metric, current }) => kind.metric(metric, current) },
    isKnown('baseline') && {
      head: 'Baseline',
      numeric: true,
      folds: true,
      cell: ({ metric, baseline }) => kind.metric(metric, baseline),
    },
    isKnown('gain') && {
      head: 'Gain',
      numeric: true,
      cell: ({ gain }) =>
        html`<span class="${gain !== null && gain > 0 ? 'gain' : gain !== null && gain < 0 ? 'loss' : ''}">${number(gain, { signed: true })}</span>`,
    },
    isKnown('rank') && { head: 'Rank', numeric: true, folds: isKnown('gain'), cell: card => number(card.rank) },
    isKnown('percentile') && {
      head: 'Better than',
      numeric: true,
      folds: true,
      cell: card => percent(card.percentile),
    },
    metricsWithHistory(player).length > 0 &&
      history.length > 1 && {
        head: 'History',
        folds: true,
        cell: ({ metric }) =>
          sparkline(seriesOf(player, metric), `${metricName(metric, headings)} over ${history.length} snapshots`),
      },
  ],
})}
</section>`
}

/** `chosen`: the metric of the chart; the score by default. */
function historyPart({ league, kind, player }: PlayerData, chosen: string | undefined): Html {
  const { history, headings } = player
  const path = `/leagues/${league.id}/players/${encodeURIComponent(player.player_id)}`
  const metrics = metricsWithHistory(player)
  const shown = chosen && metrics.includes(chosen) ? chosen : 'score'
  return html`<section class="part">
<h2>Over time</h2>
${
  history.length > 1 &&
  html`<nav class="filters" aria-label="Metric of the chart">${['score', ...metrics].map(metric => html`<a href="${address(path, { metric: metric === 'score' ? undefined : metric })}"${metric === shown && html` aria-current="true"`}>${metricName(metric, headings)}</a>`)}</nav>
${chart({
  label: `${metricName(shown, headings)} of ${player.name} over time; the numbers are in the table below`,
  times: history.map(point => Date.parse(point.taken_at)),
  series: [{ label: metricName(shown, headings), values: seriesOf(player, shown) }],
})}`
}
${table({
  caption: `Snapshots of ${player.name}, newest first`,
  dense: true,
  rows: [...history].reverse(),
  rowName: point => momentText(new Date(point.taken_at)),
  columns: [
    { head: 'Taken', names: true, cell: point => moment(point.taken_at) },
    {
      head: html`<span class="sr">Kind</span>`,
      cell: point => (point.kind === 'baseline' || point.kind === 'extra') && badge(point.kind, 'quiet'),
    },
    { head: kind.scoreName, numeric: true, cell: point => kind.score(point.score) },
    ...metrics.map(metric => ({
      head: metricName(metric, headings),
      numeric: true,
      folds: metrics.length > 1,
      cell: (point: HistoryRow) => kind.metric(metric, point.metrics[metric] ?? null),
    })),
  ],
})}
</section>`
}

const labelLink = (league: number, label: string, text: string): Html =>
  html`<a href="${address(`/leagues/${league}`, { label: `${label}:${text}` })}">${name(text)}</a>`
