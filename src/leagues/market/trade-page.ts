/** A portfolio as its owner trades it and as an officer sees it: value, holdings, history. */

import { type Html, html } from '../../platform/html.ts'
import type { Pagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { address } from '../../ui/parts/address.ts'
import { badge, movement } from '../../ui/parts/badges.ts'
import { action, form, formField } from '../../ui/parts/form.ts'
import { emptyState, notice } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { table } from '../../ui/parts/table.ts'
import { about, duration, money, name, number, percent, time } from '../../ui/parts/values.ts'
import type { LeagueView } from '../league.ts'
import { leagueHead } from '../pages/league-head.ts'
import type { MarketConfig } from './config.ts'
import { gainMoney, signedPercent } from './gains.ts'
import { marketKindPages } from './kind-pages.ts'
import type { LedgerLineView } from './ledger.ts'
import { maxShares, type Side } from './order.ts'
import type { HoldingView, PortfolioView } from './portfolio.ts'
import { accountTable, valueHistoryPart } from './portfolio-parts.ts'
import { symbolPath } from './quotes-page.ts'
import type { ValueHistory } from './worth-history.ts'

export type OrderDraft = { symbol?: string; side?: Side; quantity?: number }

export type TradeData = {
  league: LeagueView
  rules: MarketConfig
  portfolio: PortfolioView | undefined
  place: { rank: number | null; of: number; change: number | null } | undefined
  worth: ValueHistory['points']
  hasPrices: boolean
  lines: readonly LedgerLineView[]
  pagination: Pagination
  /** Symbols to choose from, those that are held first. */
  symbols: readonly string[]
  isMine: boolean
}

export function tradeBody(data: TradeData, draft: OrderDraft, who: Who | undefined): Html {
  const { league, portfolio, isMine } = data
  const title = !isMine && portfolio ? html`Portfolio of ${name(portfolio.username)}` : undefined
  const head = leagueHead({
    league,
    kind: marketKindPages,
    who,
    tab: isMine ? 'trade' : undefined,
    title,
    figures: headFigures(data),
  })
  if (!portfolio) return html`${head}${notInLeague(league, who)}`
  return html`${head}
${!data.hasPrices && league.finalized_at === null && noPricesNotice(league)}
${portfolio.stale_quotes > 0 && league.finalized_at === null && staleNotice(data)}
${data.lines.some(isUndoneTrade) && undoneTradesNotice(data)}
${isMine && (league.status === 'active' ? orderForm(data, draft) : tradingClosedNotice(league))}
${holdingsPart(data)}
${valueHistoryPart(data.worth, isMine ? 'Mine' : portfolio.username)}
${accountPart(data)}`
}

function headFigures({ portfolio, place }: TradeData) {
  if (!portfolio) return []
  return [
    {
      label: 'Total value',
      value: money(portfolio.total_cents),
      note: html`${signedPercent(portfolio.return_pct)} of ${money(portfolio.starting_cents)}`,
    },
    portfolio.today_cents !== null && {
      label: 'Today',
      value: money(portfolio.today_cents, { signed: true }),
      note: html`${signedPercent(portfolio.today_pct)} since 00:00 UTC`,
    },
    { label: 'Cash', value: money(portfolio.cash_cents) },
    {
      label: 'Gains',
      value: money(portfolio.unrealised_cents, { signed: true }),
      note: html`unrealised; realised ${money(portfolio.realised_cents, { signed: true })}${portfolio.fees_cents > 0 && html`, fees ${money(portfolio.fees_cents)}`}`,
    },
    place && {
      label: 'Rank',
      value: html`${number(place.rank)} <small>of ${number(place.of)}</small>`,
      note: place.change !== null && place.change !== 0 && movement(place.change),
    },
  ]
}

function notInLeague(league: LeagueView, who: Who | undefined): Html {
  if (who?.id == null)
    return emptyState('Nothing to trade with', 'The operator cannot join a league. Sign in as a user to play.')
  if (league.status !== 'active' && league.status !== 'upcoming')
    return emptyState('You are not in this league', `It is ${league.status}; nobody can join any more.`)
  const join = action({ label: 'Join the league', action: `/api/v1/leagues/${league.id}/join`, done: 'You are in' })
  return emptyState(
    'You are not in this league yet',
    'Joining grants the starting cash, once: who left goes on with the portfolio they had.',
    join,
  )
}

const tradingClosedNotice = (league: LeagueView): Html =>
  notice(
    league.status === 'upcoming'
      ? html`Trading opens ${time(league.starts_at)}.`
      : 'Trading is over. The portfolio stays as it is.',
  )

const staleNotice = ({ portfolio, rules }: TradeData): Html =>
  notice(
    html`${portfolio?.stale_quotes === 1 ? 'One quote is' : html`${number(portfolio?.stale_quotes)} quotes are`} older than ${duration(rules.quote_max_age_s * 1000)}: they still count for the value, but orders at them are refused.`,
    'warn',
  )

const noPricesNotice = (league: LeagueView): Html =>
  notice(
    html`Nobody can trade without <a href="/leagues/${league.id}/prices">prices</a>. Officers set them there.`,
    'warn',
  )

const isUndoneTrade = ({ kind, quantity }: LedgerLineView): boolean => kind === 'undo' && quantity !== 0

/** On the newest page of the account, above the lines: tells people whose trades were undone what happened. */
function undoneTradesNotice({ lines, portfolio }: TradeData): Html {
  const undone = lines.filter(isUndoneTrade)
  const [newest] = undone
  const reason = newest?.reason && html` The reason: ${newest.reason}.`
  const owes = (portfolio?.cash_cents ?? 0) < 0
  return notice(
    html`${undone.length === 1 ? 'A trade was taken back' : `${undone.length} trades were taken back, the last one`} ${time(newest?.at)}: the price of ${newest?.symbol}, ${money(newest?.price_cents)}, was wrong.${reason}${owes && ' Cash is below 0: sell before you buy again.'}`,
    'warn',
  )
}

/** Keeps what the reader has filled in while everything around it is updated. */
function orderForm({ league, rules, symbols }: TradeData, { symbol, side = 'buy', quantity }: OrderDraft): Html {
  const path = `/api/v1/leagues/${league.id}/trades`
  const limits = [
    rules.fee_cents > 0 && html`a trade costs ${money(rules.fee_cents)}`,
    rules.max_position_pct < 100 &&
      html`one symbol may be up to ${number(rules.max_position_pct)} % of the total value`,
    rules.allow_short && 'short selling is allowed',
  ].filter(Boolean)
  return html`<section class="part" id="order" data-keep>
<h2>Order</h2>
<div class="order" data-order="${path}/preview">
${form(
  { action: path, goTo: 'stay', once: true },
  html`<div class="line">
${formField({
  label: 'Side',
  name: 'side',
  type: 'select',
  value: side,
  choices: { buy: 'Buy', sell: 'Sell' },
})}
${formField({ label: 'Quantity', name: 'quantity', type: 'number', min: 1, max: maxShares, step: 1, value: quantity })}
${formField({ label: 'Symbol', name: 'symbol', value: symbol, maxlength: 20, list: 'symbols', autocomplete: 'off' })}
</div>
<datalist id="symbols">${symbols.map(each => html`<option value="${each}"></option>`)}</datalist>
<output class="preview" data-preview></output>`,
  'Place the order',
)}
</div>
<p class="quiet">Filled at the newest <a href="/leagues/${league.id}/prices">price</a>${limits.map((limit, i) => [i > 0 ? ', ' : '; ', limit])}.</p>
</section>`
}

const portfolioPath = (data: TradeData) =>
  data.isMine ? `/leagues/${data.league.id}/trade` : `/leagues/${data.league.id}/portfolios/${data.portfolio?.user_id}`

function holdingsPart(data: TradeData): Html {
  const { portfolio, isMine, league } = data
  if (!portfolio) return html``
  const to = (draft: OrderDraft) => `${address(portfolioPath(data), draft)}#order`
  const mayTrade = isMine && league.status === 'active'
  return html`<section class="part">
<h2>Holdings</h2>
${table<HoldingView>({
  caption: 'Holdings by value',
  rows: portfolio.holdings,
  key: holding => `h-${holding.symbol}`,
  columns: [
    { head: 'Symbol', names: true, cell: ({ symbol }) => html`<a href="${symbolPath(symbol)}">${symbol}</a>` },
    { head: 'Quantity', numeric: true, cell: ({ quantity }) => number(quantity) },
    {
      head: 'Price',
      numeric: true,
      cell: holding =>
        html`${money(holding.price_cents)}<small class="quiet">${holding.stale && badge('stale', 'warn')} ${time(holding.quote_as_of)}</small>`,
    },
    { head: 'Value', numeric: true, class: 'score', cell: ({ value_cents }) => money(value_cents) },
    { head: 'Share', numeric: true, cell: ({ share_pct }) => percent(share_pct) },
    { head: 'Cost', numeric: true, cell: ({ cost_cents }) => money(cost_cents) },
    {
      head: 'Gain',
      numeric: true,
      cell: holding =>
        html`${gainMoney(holding.unrealised_cents)}<small class="quiet">${signedPercent(holding.unrealised_pct)}</small>`,
    },
    portfolio.holdings.some(({ realised_cents }) => realised_cents !== 0) && {
      head: 'Realised',
      numeric: true,
      cell: ({ realised_cents }) => gainMoney(realised_cents),
    },
    mayTrade && {
      head: html`<span class="sr">Trade</span>`,
      cell: ({ symbol, quantity }) =>
        html`<span class="actions"><a class="button small quiet" href="${to({ symbol, side: 'buy' })}">Buy${about(symbol)}</a><a class="button small quiet" href="${to({ symbol, side: 'sell', quantity: Math.max(1, quantity) })}">Sell${about(symbol)}</a></span>`,
    },
  ],
  empty: emptyState('All in cash', mayTrade ? 'The first order fills this table.' : 'Nothing is held.'),
})}
${
  portfolio.closed.length > 0 &&
  html`<p class="quiet">Closed: ${portfolio.closed.map(({ symbol, realised_cents }, i) => html`${i > 0 && ', '}${symbol} ${gainMoney(realised_cents)}`)}</p>`
}
</section>`
}

const accountPart = (data: TradeData): Html => html`<section class="part">
<h2>Account</h2>
${accountTable(data.lines)}
${paginationLinks(data.pagination, (page, limit) => address(portfolioPath(data), { page, limit }))}
<p class="quiet"><a href="${address(`/api/v1/leagues/${data.league.id}/ledger.csv`, { user_id: data.isMine ? undefined : data.portfolio?.user_id })}">Download the account as CSV</a></p>
</section>`
