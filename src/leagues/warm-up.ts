import type { App } from '../context.ts'
import { pageOf } from '../platform/http/pagination.ts'
import { boardQueryOf, readBoard } from './board.ts'
import { leagueById, listLeagues } from './queries.ts'

/** The first page of every active league's board. */
export async function warmBoards(app: App): Promise<void> {
  const { leagues } = listLeagues(app.db, { status: 'active' }, pageOf({ limit: 100 }), app.clock.now())
  for (const { id } of leagues) {
    const league = leagueById(app.db, id)
    await readBoard(app, league, boardQueryOf({}, league))
  }
}
