import type { RankOrder, Ties } from './ranking.ts'

/** The query of a board in canonical form. Without `sort_by` and `order` the board's defaults apply. */
export type BoardQuery = {
  sort_by?: string
  order?: RankOrder
  page: number
  limit: number
  ties: Ties
  q?: string
  around?: string
  /** `alliance:ABC`: only players with this value of a label. */
  label?: string
  /** Only players of this tier. */
  tier?: string
  at?: number // milliseconds since 1970
  /** Gains are counted from the scan of that time, instead of from the baseline. */
  from?: number
}

export const defaultLimit = 50
export const maxLimit = 500
export const ties: readonly Ties[] = ['standard', 'dense', 'modified', 'ordinal']
export const orders: readonly RankOrder[] = ['asc', 'desc']

type QueryError = { path: string; message: string }

export class BadQuery extends Error {
  constructor(readonly errors: QueryError[]) {
    super(errors.map(({ path, message }) => `${path}: ${message}`).join(' '))
  }
}

/** `sort_by` is not a column of the board. */
export class UnknownColumn extends Error {
  constructor(
    readonly column: string,
    readonly choices: string[],
  ) {
    super(`Cannot sort by ${JSON.stringify(column)}; choose one of ${choices.join(', ')}`)
  }
}

/** `around` is not a player of the board. */
export class UnknownPlayer extends Error {
  constructor(readonly player_id: string) {
    super(`No player ${JSON.stringify(player_id)} on this board`)
  }
}

/**
 * Parses a query from the address: reports all errors together, ignores unknown parameters, treats empty ones as absent,
 * and clamps pages and limits to their range.
 * Equal queries give equal results here, so that `queryKey` can identify a cached page.
 */
export function canonicalQuery(raw: Readonly<Record<string, string | number | undefined>>): BoardQuery {
  const errors: QueryError[] = []
  const text = (path: string) => String(raw[path] ?? '').replace(surroundingSpace, '') || undefined
  const count = (path: string, fallback: number, max: number) => {
    const given = text(path) ?? fallback
    const value = Number(given)
    if (!Number.isInteger(value)) errors.push({ path, message: 'Write a whole number.' })
    return Math.max(1, Math.min(value, max))
  }
  const oneOf = <T extends string>(path: string, choices: readonly T[]): T | undefined => {
    const given = text(path)?.toLowerCase()
    const choice = choices.find(one => one === given)
    if (given !== undefined && !choice) errors.push({ path, message: `Choose one of: ${choices.join(', ')}.` })
    return choice
  }
  const time = (path: string) => {
    const given = text(path)
    const at = given === undefined ? undefined : /^\d{4}-\d\d-\d\d/.test(given) ? Date.parse(given) : Number.NaN
    if (Number.isNaN(at)) errors.push({ path, message: 'Write a time such as 2026-03-01T12:00:00Z.' })
    return at
  }
  const label = () => {
    const given = text('label')
    if (given && !/^[^:]+:/.test(given))
      errors.push({ path: 'label', message: 'Write a label and its value, such as alliance:ABC.' })
    return given
  }
  const query: BoardQuery = {
    sort_by: text('sort_by'),
    order: oneOf('order', orders),
    page: count('page', 1, Number.MAX_SAFE_INTEGER),
    limit: count('limit', defaultLimit, maxLimit),
    ties: oneOf('ties', ties) ?? 'standard',
    q: text('q'),
    around: text('around'),
    label: label(),
    tier: text('tier'),
    at: time('at'),
    from: time('from'),
  }
  if (errors.length > 0) throw new BadQuery(errors)
  return query
}

/** As sheets are read: other spaces, such as the ideographic one, may be part of an id or a label. */
const surroundingSpace = /^[\0- \u00a0]+|[\0- \u00a0]+$/g

/** `alliance:ABC` is the label `alliance` with the value `ABC`. */
export const labelParts = (label: string): { name: string; value: string } => {
  const colon = label.indexOf(':')
  return { name: label.slice(0, colon), value: label.slice(colon + 1) }
}

/** Only plain pages are worth caching: the others are as many as there are names and times. */
export const isCacheable = ({ q, around, at, from, label, tier }: BoardQuery): boolean =>
  (q ?? around ?? at ?? from ?? label ?? tier) === undefined

export const queryKey = ({ sort_by, order, page, limit, ties }: BoardQuery): string =>
  `${order ?? ''}:${page}:${limit}:${ties}:${sort_by ?? ''}`
