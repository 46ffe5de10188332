/**
 * What each kind of league must be able to do: the seam between a league and the source of its scores. Each kind's
 * folder exports one of these; the table `src/kinds.ts` lists them, so that `leagues` knows no kind by name.
 */
import type { Static, TObject } from '@sinclair/typebox'
import type { Db } from '../../db/open.ts'
import type { Kind, UploadKind } from '../../db/schema.ts'
import type { App } from '../context.ts'
import type { BoardRow, ColumnValues, RankedPage } from '../leaderboard/page.ts'
import type { BoardQuery } from '../leaderboard/query.ts'
import type { GroupTotal, RankedTotals, TotalsQuery } from '../leaderboard/totals.ts'
import type { Content } from '../platform/html.ts'
import type { Who } from '../platform/http/request-context.ts'
import type { missingPlayerSchema, playerSchema, tierSchema } from './board-schemas.ts'
import type { ConfigPreview } from './config-preview.ts'
import type { Headings } from './headings.ts'
import type { KindPages } from './kind-pages.ts'
import type { League, LeagueView } from './league.ts'

/** A page as the engine ranked it, and the time of what it shows. */
export type BoardPage = RankedPage & {
  asOf: number | null
  /** Where gains are counted from, if the query asked for it. */
  gainsFrom?: number
  /** Why the score is incomplete, for readers. */
  notes?: string[]
  headings?: Headings
}

export type ReadPage = (query: BoardQuery) => Promise<BoardPage>

type TierView = Static<typeof tierSchema>

/** The totals of everyone on a board, and by the values of a label if the query asked for it. */
export type TotalsPage = {
  asOf: number
  gainsFrom?: number
  /** Labels that can be asked for. */
  labels: readonly string[]
  headings?: Headings
  all: GroupTotal
  groups?: RankedTotals
}

/** What is known about one metric of a player. */
export type MetricCard = { current: number | null } & Partial<
  Record<'baseline' | 'gain' | 'rank' | 'percentile', number | null>
>

/** A player at an earlier time; `kind`: of the sheet. */
type HistoryView = { taken_at: string; kind?: UploadKind; score: number | null; metrics: ColumnValues }

/** A player as every kind knows one; a kind may add its own fields. Some kinds only know the current values of metrics. */
export type PlayerView = Omit<Static<typeof playerSchema>, 'metrics' | 'history'> & {
  metrics: Record<string, MetricCard | number | null>
  history: HistoryView[]
  [more: string]: unknown
}

/** `since`: the oldest scan that was searched; null if all were. */
export type FoundMissing = { players: Static<typeof missingPlayerSchema>[]; since: string | null }

/** How another thread reads a whole board: a module that exports `slices(input)`, an iterable of rows. */
export type ExportSource = { module: string; input: unknown }

/**
 * `store` is part of the transaction that makes the league final: what it writes exists exactly when the league is final. It may
 * return another hash, if the board has changed in the meantime.
 */
type FinalBoard = { hash: string; store?(tx: Db): string | undefined }

/** `at`: ms since 1970. `path`: the page where it is done. */
export type DueTask = { at: number; text: string; path: string }

export type Trends = Record<string, (number | null)[]>

export type LeagueKind = {
  /** What it brings to the pages that all leagues share. */
  pages: KindPages
  /** What a config may contain, for the API page and for forms that are sent without JavaScript. */
  configSchema: TObject
  /** Checks and completes the config of a league, new or existing; refuses with the path of what is wrong. */
  config(given: Record<string, unknown>, app: App, league?: League): Record<string, unknown>
  /** The part of a config that a copy of the league takes over; if absent, all of it. */
  rulesToCopy?(config: Record<string, unknown>): Record<string, unknown>
  /** Called after a league was made, changed or reopened. */
  onChange?(app: App, league: League): Promise<void>
  /** Part of the transaction that adds a member. */
  onJoin?(tx: Db, league: League, userId: number, now: number): void
  /** Whether people may still join by themselves; if absent, as long as the league is upcoming or active. */
  mayEnter?(app: Pick<App, 'db'>, league: League, now: number): boolean
  /** What happens to what a member has played if they leave now, as a sentence; undefined if they have played nothing. */
  describeLeaving?(db: Db, league: League, userId: number, now: number): string | undefined
  /** Part of the transaction in which a member leaves: does what `describeLeaving` says. */
  onLeave?(tx: Db, league: League, userId: number, now: number): void
  /** A page of the board: the kind's columns, ranked by the one engine. */
  page(app: App, league: League, query: BoardQuery): Promise<BoardPage>
  /** Reads pages of the board as it is now, whatever is written meanwhile: a few milliseconds of the HTTP thread for each. */
  pagesOfNow?(app: App, league: League, query: BoardQuery): Promise<ReadPage>
  /** The same for boards of any length, in another thread; undefined while the board is empty. */
  exportSource?(app: App, league: League, query: BoardQuery): Promise<ExportSource | undefined>
  /** Sums and averages; undefined while nobody is on the board. */
  totals?(app: App, league: League, query: TotalsQuery): Promise<TotalsPage | undefined>
  /** Everything known about one player; undefined if they are not on the board. */
  player(app: App, league: League, playerId: string): Promise<PlayerView | undefined>
  /** Past scores of some players, by player id, oldest first: only a few points, as a line in a row is short. */
  trends?(app: App, league: League, players: readonly string[]): Promise<Trends>
  /** A user's own rows of the board, best first; absent if rows do not belong to users. */
  standings?(app: App, league: League, userId: number): Promise<BoardRow[]>
  /** What a member still has to do in the league, and by when. */
  nextDue?(app: App, league: League, userId: number): DueTask | undefined
  /** What the form offers: the metrics of its scores so far, or the tours there are. Without a league: for a new one. */
  offered?(app: App, league?: League): readonly string[]
  /** Players who were on an earlier board and are missing from this one, whose name or id contains `q`. */
  missing?(app: App, league: League, q: string, limit: number): Promise<FoundMissing>
  seenLabels?(app: App, league: League): readonly string[]
  /** How its sheets head their columns. */
  headings?(app: App, league: League): Headings | undefined
  /** How another config would move players; undefined if there is no board yet. At most `limit` players are named each way. */
  previewConfig?(
    app: App,
    league: League,
    config: Record<string, unknown>,
    limit: number,
  ): Promise<ConfigPreview | undefined>
  /** Names of the tiers, best first: their position gives their colour. */
  tierNames?(league: League): readonly string[]
  /** Tiers, best first, each with a page of its players. */
  tiers?(
    app: App,
    league: League,
    page: { page: number; limit: number },
  ): Promise<{ asOf: number | null; tiers: TierView[] }>
  /** How many are on its board; if absent, all members are. */
  players?(db: Db, leagueId: number): number
  /** Statistics of the kind for `leagues/:id/stats`. */
  stats?(app: App, league: League): Record<string, unknown> | Promise<Record<string, unknown>>
  /** What pages show in addition, above the board and above the metrics of a player's card. */
  aboveBoard?(app: App, league: League, who: Who | undefined): Content
  /** What pages show under rows of the board, by player id. */
  underRows?(app: App, league: League, rows: readonly BoardRow[]): Promise<ReadonlyMap<string, Content>>
  aboveCard?(app: App, league: League, player: PlayerView, who: Who | undefined): Content
  /** When answers about the league next change although nothing is written, ms since 1970. */
  nextChangeAt?(app: App, league: League): number
  /** It decides itself when a league is over; other kinds are finalised at their end if they are set to. */
  endsItself?: true
  /** The final board; refuses if there is nothing to freeze. */
  finalize(app: App, league: League): Promise<FinalBoard>
  /** Part of the transaction that made a final league live again. `league`: as it was before. */
  onReopen?(tx: Db, league: League, now: number): void
  /** Called before the league's rows are deleted: returns how to remove what lies outside `fieldhouse.db` once they are gone. */
  onDelete?(app: App, leagueId: number): () => Promise<void>
}

/** The table in `src/kinds.ts`. A kind that is missing here cannot be played. */
export type Kinds = Partial<Record<Kind, LeagueKind>>

/** For lists, where the number of members says little of a league whose players come from a sheet. */
export const withPlayers = (app: Pick<App, 'db' | 'kinds'>, league: LeagueView): LeagueView => ({
  ...league,
  players: kindOf(app, league).players?.(app.db, league.id) ?? league.members,
})

export const kindOf = ({ kinds }: Pick<App, 'kinds'>, { kind }: Pick<League, 'kind'>): LeagueKind => {
  const rules = kinds[kind]
  if (!rules) throw new Error(`Nothing plays leagues of kind ${kind}`)
  return rules
}

declare module '../context.ts' {
  interface App {
    readonly kinds: Kinds
  }
}
