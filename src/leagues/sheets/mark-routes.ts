/** Players marked by officers: a second account, on vacation, or another reason; counted or not. */
import { t } from 'elysia'
import { atomically } from '../../../db/transactions.ts'
import type { App } from '../../context.ts'
import { invalid, refuse } from '../../errors.ts'
import { apiRouter, isAtLeast, signedIn } from '../../platform/http/access.ts'
import { listRoute, paged, pageOf, pageQuery, pagination } from '../../platform/http/pagination.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { idParams, idSchema, oneLine } from '../../platform/http/shared-schemas.ts'
import { page, pageRouter } from '../../ui/layout.ts'
import { leagueViewById } from '../queries.ts'
import { readableLeague } from '../visibility.ts'
import { warmChangedBoard } from '../warm-up.ts'
import { markedPlayer, markedPlayers, markReasonSchema } from './marked-player.ts'
import { listMarks, markOf, markPlayer, requireSheetLeague, unmarkPlayer } from './marks.ts'
import { marksPageBody } from './marks-page.ts'
import { lastSeen } from './player-card.ts'
import { publishedSnapshots } from './queries.ts'

const playerId = t.String({ minLength: 1, maxLength: 200 })
const markBody = t.Object(
  {
    reason: markReasonSchema,
    farm_of: t.Optional(t.Nullable(playerId)),
    note: t.Optional(t.Nullable(oneLine(300))),
    counted: t.Optional(t.Boolean({ default: false })),
  },
  { examples: [{ reason: 'farm', farm_of: '40000000', note: 'Second account of Iron Fox', counted: false }] },
)

export const markRoutes = (app: App) => {
  const { db, clock } = app
  const playerParams = t.Object({ id: idSchema, player_id: playerId })
  return apiRouter(app, '/api/v1/leagues/:id', 'leaderboard')
    .get(
      '/marks',
      ({ params: { id }, query, request }) =>
        paged(query, request, async page => {
          const { marks, total } = listMarks(db, requireSheetLeague(db, id).id, page)
          return { marks: await markedPlayers(app, id, marks), total }
        }),
      {
        params: idParams,
        may: 'officer',
        ...listRoute('Marked players of a sheet league, newest mark first', 'marks', markedPlayer),
      },
    )
    .guard({ params: playerParams })
    .get(
      '/players/:player_id/mark',
      async ({ params: { id, player_id }, who }) => {
        readableLeague(db, id, who)
        const mark = markOf(db, id, player_id) ?? refuse('not_found', 'This player has no mark')
        const [marked] = await markedPlayers(app, id, [mark])
        return isAtLeast(who, 'officer') ? marked : { ...marked, marked_by: null }
      },
      { may: 'reader', counted: true, detail: describe('The mark of a player', markedPlayer) },
    )
    .put(
      '/players/:player_id/mark',
      async ({ params: { id, player_id }, body, who }) => {
        requireSheetLeague(db, id)
        const { reason, counted = false, note = null } = body
        const farmOf = reason === 'farm' ? (body.farm_of ?? null) : null
        const isKnown = (player: string) =>
          lastSeen(app.sheets.boards.scores, publishedSnapshots(db, id), player) !== undefined
        if (!isKnown(player_id)) refuse('not_found', `No scan of this league has a player ${player_id}`)
        if (farmOf !== null && !isKnown(farmOf)) invalid('farm_of', 'No scan of this league has a player with this id.')
        const mark = await atomically(db, tx =>
          markPlayer(tx, id, { playerId: player_id, reason, farmOf, note, counted }, signedIn(who), clock.now()),
        )
        await warmChangedBoard(app, id)
        const [marked] = await markedPlayers(app, id, [mark])
        return marked
      },
      {
        body: markBody,
        may: 'officer',
        detail: describe('Mark a player, or change the mark; a player who is not `counted` has no rank', markedPlayer),
      },
    )
    .delete(
      '/players/:player_id/mark',
      async ({ params: { id, player_id }, who }) => {
        await atomically(db, tx => unmarkPlayer(tx, id, player_id, signedIn(who), clock.now()))
        await warmChangedBoard(app, id)
        return { deleted: true, player_id }
      },
      {
        may: 'officer',
        detail: describe(
          'Remove the mark of a player, who then counts again',
          t.Object({ deleted: t.Boolean(), player_id: t.String() }),
        ),
      },
    )
}

export const markPages = (app: App) =>
  pageRouter(app).get(
    '/leagues/:id/marks',
    async ({ params: { id }, query, who }) => {
      const slice = pageOf(query)
      const { marks, total } = listMarks(app.db, requireSheetLeague(app.db, id).id, slice)
      const league = leagueViewById(app.db, id, app.clock.now())
      const marked = await markedPlayers(app, id, marks)
      const body = marksPageBody({ league, marks: marked, list: pagination(slice, total) }, who)
      return page({ title: `Marked players of ${league.name}`, who, nav: 'leagues', body })
    },
    { params: idParams, query: t.Object(pageQuery), may: 'officer' },
  )
