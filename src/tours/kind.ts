import { atomically } from '../../db/transaction.ts'
import { clear } from '../admin/alerts.ts'
import { refuse } from '../errors.ts'
import { pageOf } from '../leaderboard/page.ts'
import { hashOf, keepFrozen, thaw } from '../leagues/frozen.ts'
import type { LeagueKind } from '../leagues/kinds.ts'
import type { FrozenBoard } from './boards.ts'
import { scoresOf } from './boards.ts'
import { cardOf } from './card.ts'
import { aboveBoard, picksOnCard } from './card-page.ts'
import { checkedConfig } from './config.ts'
import { countEntries } from './entry-queries.ts'
import { bindEvent, eventOf, isOpen, pickingOf, turnOf } from './picking.ts'
import { findEvent } from './queries.ts'
import { overdueKey } from './settling.ts'
import { statsOf } from './stats.ts'
import { keepWatching } from './watching.ts'

/** Leagues that follow a live score feed. */
export const tourLeague: LeagueKind = {
  config: checkedConfig,
  changed: keepWatching,
  async page({ tourBoards }, league, query) {
    const { board, asOf } = await tourBoards.of(league, query.at)
    return { ...pageOf(board, query), asOf }
  },
  player: cardOf,
  stats: statsOf,
  endsItself: true,
  onBoard: aboveBoard,
  onCard: picksOnCard,
  nextTurn: ({ tourBoards }, league) => turnOf(tourBoards.picking(league)),
  async finalize({ db, clock }, league) {
    if (countEntries(db, league.id) === 0) refuse('conflict', 'There is no entry: an empty league cannot be finalised')
    if (isOpen(pickingOf(db, league), clock.now())) refuse('conflict', 'Picks can still be made in this league')
    const found = eventOf(db, league)
    if (!found.event) return refuse('conflict', `There is nothing to freeze. ${found.why}`)
    const { event } = found
    const board: FrozenBoard = { as_of: event.changedAt, ...(await scoresOf(db, league, event)) }
    const json = JSON.stringify(board)
    return {
      hash: hashOf(json),
      keep(tx) {
        if (findEvent(tx, event.id)?.changedAt !== event.changedAt)
          refuse('conflict', 'The scores have just changed; try again')
        bindEvent(tx, league, event)
        clear(tx, clock.now(), overdueKey(league.id))
        keepFrozen(tx, league.id, json)
      },
    }
  },
  reopened: (tx, { id }) => thaw(tx, id),
  removing:
    ({ db, clock }, id) =>
    async () => {
      await atomically(db, tx => clear(tx, clock.now(), overdueKey(id)))
    },
}
