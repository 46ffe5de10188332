/** What each kind of league tells about how active its leagues are. The dashboard reads it in the reader thread, where there is only the database. */
import type { Db } from '../../db/open.ts'
import type { League } from './league.ts'

export type KindHealth = {
  /** Members join and play, so it matters how many there are and whether they come. */
  membersPlay: boolean
  /** When something last changed the board, ms since 1970; null: never. */
  lastActivity(db: Db, league: League): number | null
  /** What to do if nothing has come in yet. */
  firstStep: string
  /** What to do if nothing new comes in. */
  nextStep: string
}
