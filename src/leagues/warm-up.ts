import type { App } from '../context.ts'
import { pageOf } from '../platform/http/pagination.ts'
import { letRequestsIn } from '../platform/process/let-requests-in.ts'
import { withTimeout } from '../platform/process/with-timeout.ts'
import { boardQueryOf, readBoard } from './board.ts'
import type { League } from './league.ts'
import { warmBoardPage } from './pages/board-page-routes.ts'
import { leagueById, listLeagues } from './queries.ts'

/**
 * Loads what is read most: the first page of the board in its default order, and the page on which people who are not signed in see it. The
 * fast path renews the answers about this league that it had: first those of the board, as the page of a large board takes longer.
 */
export async function warmBoard(app: App, league: League, readPage?: Parameters<typeof readBoard>[3]): Promise<void> {
  await readBoard(app, league, boardQueryOf({}, league), readPage)
  await app.renewAnswers(league.id)
  await letRequestsIn()
  await warmBoardPage(app, league)
  await app.renewAnswers(league.id)
}

const maxWait = 1_000 // ms

/**
 * After a change by an officer: makes the board before they are answered, so that the next reader does not wait for it. If that fails or
 * takes too long, the officer is answered all the same; the next reader gets the error or waits.
 */
export async function warmChangedBoard(app: App, leagueId: number): Promise<void> {
  const warming = warmBoard(app, leagueById(app.db, leagueId)).catch(() => {})
  await withTimeout(warming, maxWait, () => {})
}

/** The first page of every active league's board. */
export async function warmBoards(app: App): Promise<void> {
  const leagues = listLeagues(app.db, { status: 'active' }, pageOf({ limit: 100 }), app.clock.now())
  for (const { id } of leagues) await warmBoard(app, leagueById(app.db, id))
}
