/** Totals of players: by alliance or another label, and of the whole board. */
import { gainColumn } from '../../leaderboard/page.ts'
import type { GroupTotal, RankedTotal, SumAndAverage } from '../../leaderboard/totals.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { counted } from '../../platform/number-text.ts'
import { address } from '../../ui/parts/address.ts'
import { type FormChoices, selectOptions } from '../../ui/parts/form.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { type Column, table } from '../../ui/parts/table.ts'
import { moment, name, number } from '../../ui/parts/values.ts'
import { labelColumn } from '../columns.ts'
import { metricName } from '../headings.ts'
import type { KindPages } from '../kind-pages.ts'
import type { LeagueView } from '../league.ts'
import type { TotalsParams, TotalsView } from '../totals.ts'
import { gainCell } from './board-columns.ts'
import { leagueHead } from './league-head.ts'

type TotalsData = { league: LeagueView; kind: KindPages; totals: TotalsView }

export function totalsBody(data: TotalsData, params: TotalsParams, who: Who | undefined): Html {
  const { league, kind, totals } = data
  const { all, label, labels, headings, by } = totals
  const path = `/leagues/${league.id}`
  const to = (change: TotalsParams) => address(`${path}/totals`, { ...params, page: undefined, ...change })
  const head = leagueHead({ league, kind, who, tab: 'totals' })
  if (!all)
    return html`${head}${emptyState('No totals yet', 'They are added up once there is a board.', html`<a href="${path}">To the board</a>`)}`
  const choice = (text: string, href: string, isChosen: boolean) =>
    html`<a href="${href}"${isChosen && html` aria-current="true"`}>${text}</a>`
  return html`${head}
<div class="toolbar">
<nav class="filters" aria-label="Added up by">${choice('Whole board', to({ label: undefined, q: undefined }), label === null)}${labels.map(each => choice(`By ${headings?.[labelColumn(each)] ?? each.replaceAll('_', ' ')}`, to({ label: each, q: undefined }), each === label))}</nav>
<nav class="filters" aria-label="What is shown">${choice('Sums', to({ by: undefined }), by === 'sum')}${choice('Averages', to({ by: 'average' }), by === 'average')}</nav>
${label !== null && rankBy(totals, params, kind, `${path}/totals`)}
<span class="actions"><a class="button small quiet" href="${address(`/api/v1${path}/totals.csv`, { ...params, page: undefined, limit: undefined, headings: headings && 'sheet' })}" download>CSV</a></span>
</div>
<p class="quiet">${totals.as_of && html`As of ${moment(totals.as_of)}.`} ${totals.gains_from && html`Gains since the scan of ${moment(totals.gains_from)}.`} ${by === 'average' ? 'The average of players whose value is known.' : 'The sum of all players.'} Players who are left out do not count.</p>
${label === null ? wholeBoard(all, kind, totals) : groupTable(data, label, all, params)}`
}

function rankBy(
  { all, headings, sort_by }: TotalsView,
  params: TotalsParams,
  { scoreName }: KindPages,
  path: string,
): Html {
  const choices: FormChoices = [
    ['score', scoreName],
    ['players', 'Players'],
    ...Object.keys(all?.metrics ?? {}).flatMap(metric => [
      [metric, metricName(metric, headings)] as const,
      [gainColumn(metric), `${metricName(metric, headings)}: gain`] as const,
    ]),
  ]
  const hiddenFields = (['label', 'by', 'at', 'from', 'limit'] as const).filter(key => params[key])
  return html`<form class="choose" method="get" action="${path}">${hiddenFields.map(key => html`<input type="hidden" name="${key}" value="${params[key]}" />`)}
<label>Rank by <select name="sort_by" id="rank-by">${selectOptions(choices, sort_by)}</select></label> <button class="small">Show</button></form>`
}

/** Each metric with its sum and its average. */
function wholeBoard(
  { players, score, metrics, gains }: GroupTotal,
  kind: KindPages,
  { by, headings }: TotalsView,
): Html {
  const lines = [
    { head: kind.scoreName, now: score, gained: undefined },
    ...Object.entries(metrics).map(([metric, now]) => ({
      head: metricName(metric, headings),
      now,
      gained: gains[metric],
    })),
  ]
  return html`${table({
    caption: `Totals of ${counted(players, 'player')}`,
    rows: lines,
    rowName: ({ head }) => head,
    columns: [
      { head: counted(players, 'player'), names: true, cell: ({ head }) => head },
      { head: by === 'sum' ? 'Sum' : 'Average', numeric: true, cell: ({ now }) => figureText(now, by) },
      { head: 'Gained', numeric: true, folds: true, cell: ({ gained }) => gained && gainCell(rounded(gained[by])) },
      { head: 'Players with a value', numeric: true, folds: true, cell: ({ now }) => number(now.known) },
    ],
  })}`
}

function groupTable({ league, kind, totals }: TotalsData, label: string, all: GroupTotal, params: TotalsParams): Html {
  const { rows, headings, sort_by, order, by, pagination } = totals
  const path = `/leagues/${league.id}`
  const board = (text: string) =>
    address(path, { label: `${label}:${text}`, at: params.at || undefined, from: params.from || undefined })
  const metrics = Object.keys(all.metrics)
  const columns: Column<RankedTotal>[] = [
    { head: html`<abbr title="Rank">#</abbr>`, class: 'rank', numeric: true, cell: ({ rank }) => number(rank) },
    {
      head: metricName(labelColumn(label), headings),
      names: true,
      cell: ({ text }) => html`<a href="${board(text)}">${text ? name(text) : 'none'}</a>`,
      foot: 'Everyone',
    },
    {
      head: 'Players',
      numeric: true,
      folds: metrics.some(metric => [metric, gainColumn(metric)].includes(sort_by)),
      sort: { by: 'players' },
      cell: ({ players }) => number(players),
      foot: number(all.players),
    },
    {
      head: kind.scoreName,
      numeric: true,
      class: 'score',
      sort: { by: 'score' },
      cell: ({ score }) => figureText(score, by),
      foot: figureText(all.score, by),
    },
    ...metrics.map((metric): Column<RankedTotal> => {
      const both = ({ metrics, gains }: GroupTotal) =>
        html`${figureText(metrics[metric], by)}${gainCell(rounded(gains[metric]?.[by]))}`
      return {
        head: metricName(metric, headings),
        numeric: true,
        folds: ![metric, gainColumn(metric)].includes(sort_by),
        sort: { by: sort_by === gainColumn(metric) ? sort_by : metric },
        cell: both,
        foot: both(all),
      }
    }),
  ]
  return html`${table({
    caption: `Totals by ${label}`,
    class: 'board',
    rows,
    pages: pagination,
    columns,
    key: ({ text }) => `t-${text}`,
    rowName: ({ text }) => text || 'none',
    sorted: {
      by: sort_by,
      order,
      href: (by, order) => address(`${path}/totals`, { ...params, sort_by: by, order, page: undefined }),
    },
  })}
${paginationLinks(pagination, page => address(`${path}/totals`, { ...params, page }))}`
}

/** Large averages are shown as whole numbers. */
const rounded = (value: number | null | undefined) =>
  value == null ? null : Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 100) / 100
const figureText = (figure: SumAndAverage | undefined, by: TotalsView['by']): Content => number(rounded(figure?.[by]))
