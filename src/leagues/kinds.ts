/**
 * What the kinds of league must know how to do: the seam between a league and where its scores come from. Each kind's
 * folder exports one of these; the table `src/kinds.ts` hands them in, so leagues know no kind by name.
 */
import type { Static, TObject } from '@sinclair/typebox'
import type { Db } from '../../db/open.ts'
import type { Kind } from '../../db/schema.ts'
import type { App } from '../context.ts'
import type { RankedPage, Row } from '../leaderboard/page.ts'
import type { BoardQuery } from '../leaderboard/query.ts'
import type { RankedTotals, Total, TotalsQuery } from '../leaderboard/totals.ts'
import type { Content } from '../platform/html.ts'
import type { Who } from '../platform/http/request-context.ts'
import type { missingPlayerSchema, playerSchema, tierSchema } from './board-schemas.ts'
import type { ConfigPreview } from './config-preview.ts'
import type { KindPages } from './kind-pages.ts'
import type { League } from './league.ts'

/** A page as the engine ranked it, and the time of what it shows. */
export type BoardPage = RankedPage & {
  asOf: number | null
  /** Where gains are counted from, if that was asked. */
  gainsFrom?: number
  /** Why the score says less than it might, for readers. */
  notes?: string[]
}

type TierView = Static<typeof tierSchema>

/** What all on a board have together, and by what a label says of them where that was asked. */
export type TotalsPage = {
  asOf: number
  gainsFrom?: number
  /** Labels there are to ask for. */
  labels: readonly string[]
  all: Total
  groups?: RankedTotals
}

/** A player as every kind knows one; what a kind knows beside is its own. */
export type PlayerView = Static<typeof playerSchema> & { [more: string]: unknown }

export type MissingPlayer = Static<typeof missingPlayerSchema>

/** How another thread reads a whole board: a module that exports `slices(input)`, an iterable of rows. */
export type ExportSource = { module: string; input: unknown }

/**
 * `keep` is part of the transaction that makes the league final: what it writes is there exactly when the league is. It may
 * answer another hash, of what the board has become meanwhile.
 */
type FinalBoard = { hash: string; keep?(tx: Db): string | undefined }

/** `at`: ms since 1970. `path`: where it is done. */
export type Due = { at: number; text: string; path: string }

export type Trends = Record<string, (number | null)[]>

export type LeagueKind = {
  /** What it brings to the pages that all leagues share. */
  pages: KindPages
  /** What a config may say, for the API page and for forms that are sent without JavaScript. */
  configSchema: TObject
  /** Checks and completes the config of a league, new or as it is; refuses with the path of what is wrong. */
  config(given: Record<string, unknown>, app: App, league?: League): Record<string, unknown>
  /** Of a config, what a copy of the league is played by; without it, all of it. */
  rulesToCopy?(config: Record<string, unknown>): Record<string, unknown>
  /** After a league was made, changed or reopened. */
  changed?(app: App, league: League): Promise<void>
  /** Part of the transaction that takes a member in. */
  joined?(tx: Db, league: League, userId: number, now: number): void
  /** Whether members may still come in by themselves; without it, as long as the league is upcoming or active. */
  mayEnter?(app: Pick<App, 'db'>, league: League, now: number): boolean
  /** What becomes of what somebody has played when they leave now, as a sentence; undefined where they have played nothing. */
  leaving?(db: Db, league: League, userId: number, now: number): string | undefined
  /** Part of the transaction in which a member leaves: does what `leaving` says. */
  left?(tx: Db, league: League, userId: number, now: number): void
  /** A page of the board: columns of the kind, ranked by the one engine. */
  page(app: App, league: League, query: BoardQuery): Promise<BoardPage>
  /** For boards of any length; without it they are read page by page on the HTTP thread. */
  exportSource?(app: App, league: League, query: BoardQuery): Promise<ExportSource | undefined>
  /** Sums and averages; undefined while nobody is on the board. */
  totals?(app: App, league: League, query: TotalsQuery): Promise<TotalsPage | undefined>
  /** All that is known of one player; undefined for one who is not on the board. */
  player(app: App, league: League, playerId: string): Promise<PlayerView | undefined>
  /** How some players came to their scores, by player id, oldest first: of few moments, as a line in a row is short. */
  trends?(app: App, league: League, players: readonly string[]): Promise<Trends>
  /** A user's own rows of the board, best first; without it no row belongs to a user. */
  standings?(app: App, league: League, userId: number): Promise<Row[]>
  /** What a member still has to do in it, and by when. */
  due?(app: App, league: League, userId: number): Due | undefined
  /** The metrics its scores are made of so far, which the form offers. */
  metricsSeen?(app: App, league: League): readonly string[]
  /** Who was on an earlier board and is missing from this one: those whose name or id holds `q`. */
  missing?(app: App, league: League, q: string, limit: number): Promise<MissingPlayer[]>
  /** The labels of its players. */
  labelsSeen?(app: App, league: League): readonly string[]
  /** Who would move how far with another config; undefined where there is no board yet. `most` players are named each way. */
  previewConfig?(
    app: App,
    league: League,
    config: Record<string, unknown>,
    most: number,
  ): Promise<ConfigPreview | undefined>
  /** Names of the tiers, best first: their place gives their colour. */
  tierNames?(league: League): readonly string[]
  /** Tiers, best first, each with a page of its players. */
  tiers?(
    app: App,
    league: League,
    page: { page: number; limit: number },
  ): Promise<{ asOf: number | null; tiers: TierView[] }>
  /** Numbers of the kind for `leagues/:id/stats`. */
  stats?(app: App, league: League): Record<string, unknown> | Promise<Record<string, unknown>>
  /** What pages show beside what every kind has: above the board, and on the card of a player. */
  onBoard?(app: App, league: League, who: Who | undefined): Content
  /** What pages show under rows of the board, by player id. */
  underRows?(app: App, league: League, rows: readonly Row[]): Promise<ReadonlyMap<string, Content>>
  onCard?(app: App, league: League, player: PlayerView, who: Who | undefined): Content
  /** When answers about the league next change without anything being written, ms since 1970. */
  nextChangeAt?(app: App, league: League): number
  /** It knows itself when a league is over; others are finalised at their end where they ask for it. */
  endsItself?: true
  /** What the board will stay; refuses where there is nothing to freeze. */
  finalize(app: App, league: League): Promise<FinalBoard>
  /** Part of the transaction that makes a final league live again. */
  reopened?(tx: Db, league: League): void
  /** Asked before the league's rows go: how to clear away, once they are gone, what lies outside `fieldhouse.db`. */
  removing?(app: App, leagueId: number): () => Promise<void>
}

/** The table in `src/kinds.ts`. A kind that is missing cannot be played here. */
export type Kinds = Partial<Record<Kind, LeagueKind>>

/** The rules of a league's kind. */
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
