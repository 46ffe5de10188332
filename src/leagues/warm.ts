import type { App } from '../context.ts'
import { pageOf } from '../runtime/page.ts'
import { readBoard } from './board.ts'
import { leagueById, listLeagues } from './queries.ts'

/** The first page of every active league's board. */
export async function warmBoards(app: App): Promise<void> {
  const { leagues } = listLeagues(app.db, { status: 'active' }, pageOf({ limit: 100 }), app.clock.now())
  for (const { id } of leagues) await readBoard(app, leagueById(app.db, id), {})
}
