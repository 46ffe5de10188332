/**
 * What the kinds of league must know how to do: the seam between a league and where its scores come from. Each kind's
 * folder exports one of these; the table `src/kinds.ts` hands them in, so leagues know no kind by name.
 */
import type { Db } from '../../db/open.ts'
import type { Kind } from '../../db/schema.ts'
import type { App } from '../context.ts'
import type { League } from './league.ts'

export type LeagueKind = {
  /** Checks and completes the config of a league; throws `invalid` with the path of what is wrong. */
  config(given: Record<string, unknown>): Record<string, unknown>
  /** Part of the transaction that takes a member in. */
  joined?(tx: Db, league: League, userId: number, now: number): void
  /** Freezes the board; refuses where there is nothing to freeze. Answers its hash. */
  finalize(app: App, league: League): Promise<string>
  /** What is left outside `fieldhouse.db` when the league's rows are gone. */
  removed?(app: App, leagueId: number): Promise<void>
}

/** The table in `src/kinds.ts`. A kind that is missing cannot be played here. */
export type Kinds = Partial<Record<Kind, LeagueKind>>
