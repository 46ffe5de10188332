import { setImmediate } from 'node:timers/promises'
import type { App } from '../context.ts'
import { pageOf } from '../platform/http/pagination.ts'
import { withTimeout } from '../platform/process/with-timeout.ts'
import { boardQueryOf, readBoard } from './board.ts'
import type { League } from './league.ts'
import { warmBoardPage } from './pages/board-pages.ts'
import { leagueById, listLeagues } from './queries.ts'

/**
 * What is asked for most: the first page of the board, sorted as the league is, and what strangers' browsers show of it. The
 * fast path then knows both where strangers have asked for them before.
 */
export async function warmBoard(app: App, league: League, look?: Parameters<typeof readBoard>[3]): Promise<void> {
  await readBoard(app, league, boardQueryOf({}, league), look)
  await setImmediate() // lets requests in
  await warmBoardPage(app, league)
  await setImmediate()
  await app.renewAnswers(league.id)
}

const patience = 1_000 // ms

/**
 * For a change that an officer makes: the board is made before they are answered, so that nobody who reads then waits for it.
 * One that cannot be made, or not soon, is no matter of theirs: whoever reads it is told or waits.
 */
export async function warmChangedBoard(app: App, leagueId: number): Promise<void> {
  const warming = warmBoard(app, leagueById(app.db, leagueId)).catch(() => {})
  await withTimeout(warming, patience, () => {})
}

/** The first page of every active league's board. */
export async function warmBoards(app: App): Promise<void> {
  const { leagues } = listLeagues(app.db, { status: 'active' }, pageOf({ limit: 100 }), app.clock.now())
  for (const { id } of leagues) await warmBoard(app, leagueById(app.db, id))
}
