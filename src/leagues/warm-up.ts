import type { App } from '../context.ts'
import { pageOf } from '../platform/http/pagination.ts'
import { boardQueryOf, readBoard } from './board.ts'
import type { League } from './league.ts'
import { leagueById, listLeagues } from './queries.ts'

/** The page that is asked for most: the first, sorted as the league is. */
export async function warmBoard(app: App, league: League, look?: Parameters<typeof readBoard>[3]): Promise<void> {
  await readBoard(app, league, boardQueryOf({}, league), look)
}

/** The first page of every active league's board. */
export async function warmBoards(app: App): Promise<void> {
  const { leagues } = listLeagues(app.db, { status: 'active' }, pageOf({ limit: 100 }), app.clock.now())
  for (const { id } of leagues) await warmBoard(app, leagueById(app.db, id))
}
