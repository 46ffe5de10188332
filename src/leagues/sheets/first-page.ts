/** The first page of a board, made from a sheet before it is published. */
import type { App } from '../../context.ts'
import type { BoardQuery } from '../../leaderboard/query.ts'
import { boardQueryOf } from '../board.ts'
import type { BoardPage } from '../kinds.ts'
import type { League } from '../league.ts'
import { maxSummed } from '../pages/board-data.ts'
import { pageRequestedAt } from '../pages/board-page-routes.ts'
import { leagueById } from '../queries.ts'
import { totalsQueryOf } from '../totals.ts'
import { type BoardSource, type SheetBoards, sheetPage } from './boards.ts'
import type { Imported } from './import-sheet.ts'
import { boardSourceOf, sheetLeague } from './kind.ts'
import { byTakenAt } from './snapshot-selection.ts'
import { tiersOf } from './tiers.ts'
import { sheetTotals } from './totals.ts'
import type { Upload } from './upload.ts'

type FirstPage = { source: BoardSource; query: BoardQuery; page: BoardPage }

/** Makes the first page while readers still get the board before: nobody waits for it once it is published. */
export async function prepareFirstPage(
  app: App,
  league: League,
  { snapshot, date, board }: Imported,
  { kind }: Upload,
): Promise<FirstPage | undefined> {
  if (snapshot === null) return undefined
  if (board) app.sheets.boards.boardCache.store(board)
  const before = boardSourceOf(app, league)
  const newest = { snapshot, kind, takenAt: date.takenAt }
  const source = { ...before, published: [...before.published, newest] }
  const query = boardQueryOf({}, league)
  const page = await sheetPage(app.sheets.boards, source, query, { isAhead: true })
  if (pageRequestedAt(app, league) !== undefined) await preparePageParts(app.sheets.boards, source, page)
  return { source, query, page }
}

/** What the page in a browser shows besides its rows: a tenth of a second for 100,000 players. */
async function preparePageParts(boards: SheetBoards, source: BoardSource, { rows, pagination }: BoardPage) {
  const { published, config } = source
  await boards.boardCache.trends({ published, config, players: rows.map(({ player_id }) => player_id) })
  await tiersOf(boards, source, { page: 1, limit: 0 })
  if (pagination.total <= maxSummed) await sheetTotals(boards, source, totalsQueryOf({}))
}

/** The page that was made before it was published, unless anything that it depends on has changed in the meantime. */
export async function preparedPage(app: App, leagueId: number, query: BoardQuery, prepared: FirstPage | undefined) {
  const league = leagueById(app.db, leagueId)
  const source = boardSourceOf(app, league)
  const inOrder = (source: BoardSource) => ({ ...source, published: byTakenAt(source.published) })
  const isAsPrepared =
    prepared && Bun.deepEquals(prepared.query, query) && Bun.deepEquals(inOrder(prepared.source), inOrder(source))
  return isAsPrepared ? prepared.page : sheetLeague.page(app, league, query)
}
