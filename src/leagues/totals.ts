/** `leagues/:id/totals`: totals of players, by alliance or another label, and of the whole board. */
import { type Static, t } from 'elysia'
import { cached } from '../cached.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { canonicalQuery, isCacheable, queryKey } from '../leaderboard/query.ts'
import type { GroupTotal, TotalsBy, TotalsQuery } from '../leaderboard/totals.ts'
import type { CacheResult } from '../platform/cache/cache.ts'
import { iso, isoOrNull } from '../platform/clock.ts'
import { bom, csvLines } from '../platform/files/csv.ts'
import type { Cell } from '../platform/files/xlsx.ts'
import { pagination, paginationSchema } from '../platform/http/pagination.ts'
import { dateTime, nullableDateTime, nullableNumber, oneOfWords } from '../platform/http/shared-schemas.ts'
import { boardQuery, leagueBrief, leagueSummary, nextChangeAt, refuseBoardQuery, refuseInvalidQuery } from './board.ts'
import { headingsSchema } from './board-schemas.ts'
import { labelColumn } from './columns.ts'
import type { Headings } from './headings.ts'
import { kindOf } from './kinds.ts'
import type { League } from './league.ts'

const totalsBy = ['sum', 'average'] as const satisfies readonly TotalsBy[]

export const totalsQuery = t.Object({
  label: t.Optional(
    t.String({ description: 'The label to group by: `alliance`. Without one, only the whole board', maxLength: 200 }),
  ),
  by: t.Optional(
    oneOfWords([...totalsBy, ''], {
      description: 'Whether groups are ranked by sums or averages. `sum` by default',
    }),
  ),
  sort_by: t.Optional(
    t.String({ description: '`score`, `players`, a metric, or the gain in one: `deads.gain`', maxLength: 200 }),
  ),
  order: boardQuery.properties.order,
  page: boardQuery.properties.page,
  limit: boardQuery.properties.limit,
  q: t.Optional(t.String({ description: 'Part of a value of the label', maxLength: 200 })),
  ties: boardQuery.properties.ties,
  at: boardQuery.properties.at,
  from: boardQuery.properties.from,
})

const sumAndAverageSchema = t.Object({
  sum: nullableNumber,
  average: t.Nullable(t.Number({ description: 'Average of players whose value is known' })),
  known: t.Integer({ description: 'Players whose value is known' }),
})
const totalFields = {
  players: t.Integer(),
  score: sumAndAverageSchema,
  metrics: t.Record(t.String(), sumAndAverageSchema),
  gains: t.Record(t.String(), sumAndAverageSchema),
}
export const totalsSchema = t.Object(
  {
    league: leagueBrief,
    as_of: nullableDateTime,
    gains_from: t.Optional(dateTime({ description: 'With `from`: the time of the scan' })),
    labels: t.Array(t.String(), { description: 'The labels of the board' }),
    headings: headingsSchema,
    all: t.Nullable(t.Object(totalFields, { description: 'Everyone who counts; null while nobody is on the board' })),
    label: t.Nullable(t.String()),
    by: oneOfWords(totalsBy),
    sort_by: t.String(),
    order: t.Union([t.Literal('asc'), t.Literal('desc')]),
    rows: t.Array(
      t.Object({
        rank: t.Nullable(t.Integer()),
        text: t.String({ description: 'A value of the label; empty: players without one' }),
        ...totalFields,
      }),
    ),
    pagination: paginationSchema,
  },
  { $id: 'Totals', description: 'Totals of a board' },
)
export type TotalsView = Static<typeof totalsSchema>
export type TotalsParams = Partial<Record<keyof typeof totalsQuery.properties, string>>

export function totalsQueryOf({ label, by, ...raw }: TotalsParams): TotalsQuery {
  const query = refuseInvalidQuery(() => canonicalQuery(raw))
  return { ...query, label: label?.trim() || undefined, by: by === 'average' ? 'average' : 'sum' }
}

export function readTotals(
  app: App,
  league: League,
  query: TotalsQuery,
): Promise<CacheResult<TotalsView> | TotalsView> {
  const load = () => totalsPage(app, league, query)
  const { label, by, ...shared } = query
  if (!isCacheable(shared)) return load()
  return app.cache.read(cached.totals, [league.id, by, label ?? '', queryKey(shared)], load, nextChangeAt(app, league))
}

async function totalsPage(app: App, league: League, query: TotalsQuery): Promise<TotalsView> {
  const { totals, pages } = kindOf(app, league)
  if (!totals) return refuse('not_found', `The board of a ${pages.name.toLowerCase()} league has no totals`)
  const found = await totals(app, league, query).catch(refuseBoardQuery)
  const { sort_by = 'score', order = 'desc', page, limit } = query
  const { rows, ...ranked } = found?.groups ?? { sort_by, order, rows: [], pagination: pagination({ page, limit }, 0) }
  return {
    league: leagueSummary(league, app.clock.now()),
    as_of: isoOrNull(found?.asOf),
    ...(found?.gainsFrom !== undefined && { gains_from: iso(found.gainsFrom) }),
    labels: [...(found?.labels ?? [])],
    ...(found?.headings && { headings: found.headings }),
    all: found?.all ?? null,
    label: query.label ?? null,
    by: query.by,
    sort_by: ranked.sort_by,
    order: ranked.order,
    rows,
    pagination: ranked.pagination,
  }
}

/** All groups, whatever page was asked for. */
export async function totalsCsv(app: App, league: League, query: TotalsQuery, asSheet: boolean): Promise<string> {
  const all = await totalsPage(app, league, { ...query, page: 1, limit: Number.MAX_SAFE_INTEGER }) // at once: of one moment
  return bom + csvLines(totalsTable(all, asSheet ? all.headings : undefined))
}

/** The groups, and everyone in the last row. */
function totalsTable({ label, rows, all }: TotalsView, headings: Headings = {}): Cell[][] {
  const names = Object.keys(all?.metrics ?? {})
  const column = (name: string, ...what: string[]) =>
    headings[name] === undefined ? [name, ...what].join('_') : [headings[name], ...what].join(' ')
  const pair = (name: string, ...what: string[]) => [column(name, ...what), column(name, ...what, 'average')]
  const columns = [
    'rank',
    label === null ? 'total' : (headings[labelColumn(label)] ?? label),
    'players',
    ...pair('score'),
    ...names.flatMap(name => pair(name)),
    ...names.flatMap(name => pair(name, 'gain')),
  ]
  const cells = ({ players, score, metrics, gains }: GroupTotal): Cell[] => [
    players,
    ...[score, ...Object.values(metrics), ...Object.values(gains)].flatMap(({ sum, average }) => [sum, average]),
  ]
  return [
    columns,
    ...rows.map(row => [row.rank, row.text, ...cells(row)]),
    ...(all ? [[null, 'all', ...cells(all)]] : []),
  ]
}
