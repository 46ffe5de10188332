/** Loads the portfolios of a league in slices from one moment of the database, so that a large league does not block others. */
import type { Db } from '../../../../db/open.ts'
import { startOfDay } from '../quote.ts'
import { LeaguePortfolios, type PortfolioLine, portfolioLine } from './league-portfolios.ts'
import type { Prices } from './prices.ts'

const rowsPerSlice = 2_000 // rows, which take one or two milliseconds

/** `reader`: a connection of its own, whose read transaction lasts as long as the loading. */
export async function loadPortfolios(
  reader: Db,
  leagueId: number,
  prices: Prices,
  now: number,
): Promise<LeaguePortfolios> {
  const { $client: client } = reader
  const loaded = new LeaguePortfolios(leagueId, prices)
  client.run('BEGIN')
  try {
    const today = startOfDay(now)
    const last = client
      .query<{ id: number | null; at: number | null }, [number]>(
        'select id, at from ledger where league_id = ? order by id desc limit 1',
      )
      .get(leagueId)
    loaded.startDay(now)
    loaded.lastLine = last?.id ?? 0
    loaded.lastAt = last?.at ?? 0

    type Portfolio = [user: number, cash: number, granted: number, joinedAt: number, trades: number]
    const portfolios = client.query<never, [number, number, number]>(
      `select user_id, cash_cents, granted_cents, created_at, trades from portfolios
       where league_id = ? and user_id > ? order by user_id limit ?`,
    )
    await inSlices<Portfolio>(
      last => portfolios.values(leagueId, last?.[0] ?? 0, rowsPerSlice) as Portfolio[],
      row => void loaded.addPortfolio(...row),
    )
    type Holding = [user: number, symbol: string, quantity: number]
    const holdings = client.query<never, [number, number, string, number]>(
      `select user_id, symbol, quantity from holdings
       where league_id = ? and (user_id, symbol) > (?, ?) and quantity <> 0 order by user_id, symbol limit ?`,
    )
    await inSlices<Holding>(
      last => holdings.values(leagueId, last?.[0] ?? 0, last?.[1] ?? '', rowsPerSlice) as Holding[],
      row => loaded.addToHolding(...row),
    )
    const firstToday = client
      .query<{ id: number }, [number]>('select id from ledger where at >= ? order by at, id limit 1')
      .get(today)
    const lines = client.query<never, [number, number, number]>(
      `select ${portfolioLine} from ledger
       where league_id = ? and id > ? order by id limit ?`,
    )
    if (firstToday)
      await inSlices<PortfolioLine>(
        last => lines.values(leagueId, last?.[0] ?? firstToday.id - 1, rowsPerSlice) as PortfolioLine[],
        row => loaded.addLineOfToday(row),
      )
    return loaded
  } finally {
    client.run('COMMIT')
  }
}

async function inSlices<Row>(read: (last: Row | undefined) => Row[], take: (row: Row) => void): Promise<void> {
  for (let last: Row | undefined; ; await Bun.sleep(0)) {
    const rows = read(last)
    for (const row of rows) take(row)
    last = rows.at(-1)
    if (rows.length < rowsPerSlice) return
  }
}

/** Names by user id, read in slices too. */
export async function loadUsernames(reader: Db, leagueId: number): Promise<Map<number, string>> {
  const names = new Map<number, string>()
  type Name = [user: number, username: string]
  const query = reader.$client.query<never, [number, number, number]>(
    `select p.user_id, u.username from portfolios p join users u on u.id = p.user_id
     where p.league_id = ? and p.user_id > ? order by p.user_id limit ?`,
  )
  await inSlices<Name>(
    last => query.values(leagueId, last?.[0] ?? 0, rowsPerSlice) as Name[],
    ([user, username]) => void names.set(user, username),
  )
  return names
}
