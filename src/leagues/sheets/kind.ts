import { rm } from 'node:fs/promises'
import type { Db } from '../../../db/open.ts'
import { atomically } from '../../../db/transactions.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { programFile } from '../../installation.ts'
import { textAt } from '../../leaderboard/text.ts'
import { bestTierFirst, defaultTiers } from '../../leaderboard/tiers.ts'
import { iso, isoOrNull } from '../../platform/clock.ts'
import { counted } from '../../platform/number-text.ts'
import { notice } from '../../ui/parts/notices.ts'
import type { LeagueKind } from '../kinds.ts'
import type { League } from '../league.ts'
import { leagueById } from '../queries.ts'
import { type BoardSource, boardParts, sheetPage, shownSnapshots } from './boards.ts'
import { boardConfigOf, checkedSheetConfig } from './config.ts'
import { previewSheetConfig } from './config-preview.ts'
import { sheetConfig } from './config-schema.ts'
import type { SheetExportInput } from './export-source.ts'
import { clearHeldAlert } from './held.ts'
import { sheetKindPages } from './kind-pages.ts'
import { leftOutBy, marksOf } from './marks.ts'
import { markOnCard } from './marks-page.ts'
import { seenHeadings, seenLabels, seenMetrics } from './metric-names.ts'
import { missingPlayer, playerCard } from './player-card.ts'
import {
  heldUploads,
  playersOfNewestScan,
  publishedSnapshots,
  sheetStats,
  unfinishedUploads,
  uploadFiles,
} from './queries.ts'
import { uploadPath } from './receive-file.ts'
import { byTakenAt, newestScan, publishedUpTo, scansOf, selectSnapshots } from './snapshot-selection.ts'
import { SnapshotGone } from './snapshots/snapshot.ts'
import { tiersOf } from './tiers.ts'
import { sheetTotals } from './totals.ts'

export const boardSourceOf = ({ db }: Pick<App, 'db'>, league: League): BoardSource => ({
  published: publishedSnapshots(db, league.id),
  config: boardConfigOf(league),
  marks: marksOf(db, league.id),
})

/** Tries again if an upload was undone or thinned out in the meantime; what was deleted for good is refused with the reason. */
async function retryWhenGone<T>(at: number | undefined, read: () => Promise<T>): Promise<T> {
  const ifGone = (then: () => Promise<T>) => (error: unknown) => {
    if (error instanceof SnapshotGone) return then()
    throw error
  }
  if (at !== undefined) return read().catch(ifGone(() => refuse('gone', 'The scans of that time are no longer kept')))
  const missing = () => refuse('unavailable', 'Scans that this board needs are missing')
  return read().catch(ifGone(read)).catch(ifGone(missing))
}

const maxScansSearched = 50 // for players who are missing from the newest

function requireAllRead(db: Db, leagueId: number): void {
  const unread = unfinishedUploads(db, leagueId)
  if (unread > 0)
    refuse(
      'conflict',
      `${counted(unread, 'sheet is', 'sheets are')} still being read, or held: answer them under Uploads first`,
    )
}

/** Leagues whose scores come from uploaded sheets. */
export const sheetLeague: LeagueKind = {
  pages: sheetKindPages,
  /** Its first sheet would wait for the thread to start: a twentieth of a second. */
  onChange: async ({ sheets }) => sheets.thread.startLater(),
  configSchema: sheetConfig,
  config: checkedSheetConfig,
  previewConfig: (app, league, config, limit) =>
    retryWhenGone(undefined, () =>
      previewSheetConfig(app.sheets.boards, boardSourceOf(app, league), boardConfigOf({ config }), limit),
    ),
  page: (app, league, query) =>
    retryWhenGone(query.at ?? query.from, () => sheetPage(app.sheets.boards, boardSourceOf(app, league), query)),
  exportSource: (app, league, query) =>
    retryWhenGone(query.at ?? query.from, async () => {
      const source = boardSourceOf(app, league)
      const published = publishedUpTo(source.published, query.at)
      const selection = await shownSnapshots(app.sheets.boards, published, query.from)
      if (!selection) return undefined
      const { parts } = await boardParts(app.sheets.boards, { ...source, published }, selection, query)
      const input: SheetExportInput = { dataDir: app.config.dataDir, parts, query }
      return { module: programFile('src/leagues/sheets/export-source.ts'), input }
    }),
  totals: (app, league, query) =>
    retryWhenGone(query.at ?? query.from, () => sheetTotals(app.sheets.boards, boardSourceOf(app, league), query)),
  async player(app, league, playerId) {
    const { boards } = app.sheets
    const source = boardSourceOf(app, league)
    const onBoard = await retryWhenGone(undefined, () => playerCard(boards, source, playerId))
    const card = onBoard ?? (await missingPlayer(boards.scores, source, playerId))
    if (!card) return undefined
    const { asOf, history, ...rest } = card
    return {
      ...rest,
      history: history.map(({ takenAt, ...moment }) => ({ taken_at: iso(takenAt), ...moment })),
      as_of: isoOrNull(asOf),
    }
  },
  async trends(app, league, players) {
    const { published, config } = boardSourceOf(app, league)
    return retryWhenGone(undefined, () => app.sheets.boards.boardCache.trends({ published, config, players }))
  },
  offered: ({ db, sheets }, league) =>
    league ? seenMetrics(sheets.boards.scores, publishedSnapshots(db, league.id)) : [],
  headings: ({ db, sheets }, league) => seenHeadings(sheets.boards.scores, publishedSnapshots(db, league.id)),
  async missing(app, league, q, limit) {
    const published = publishedSnapshots(app.db, league.id)
    const newest = newestScan(published)
    if (!newest) return { players: [], since: null }
    const others = byTakenAt(scansOf(published)).reverse()
    const scans = new Map(others.filter(scan => scan !== newest).map(scan => [scan.snapshot, scan.takenAt]))
    const ids = [...scans.keys()].slice(0, maxScansSearched)
    const since = ids.length < scans.size ? iso(scans.get(ids.at(-1)!)!) : null
    const { all, hits } = await retryWhenGone(undefined, () =>
      app.sheets.boards.boardCache.missing(newest.snapshot, ids, q),
    )
    const rows: number[] = []
    for (let row = 0; row < hits.length && rows.length < limit; row++) if (hits[row] === 1) rows.push(row)
    const players = rows.map(row => {
      const player_id = textAt(all.ids, row)
      return { player_id, name: textAt(all.names, row) || player_id, last_seen: iso(scans.get(all.scans[row]!)!) }
    })
    return { players, since }
  },
  seenLabels: ({ db, sheets }, league) => seenLabels(sheets.boards.scores, publishedSnapshots(db, league.id)),
  tierNames: league => bestTierFirst(boardConfigOf(league).tiers ?? defaultTiers).map(({ name }) => name),
  async tiers(app, league, page) {
    const { asOf, tiers } = await retryWhenGone(undefined, () =>
      tiersOf(app.sheets.boards, boardSourceOf(app, league), page),
    )
    return { asOf, tiers: tiers.map(tier => ({ ...tier, min: Number.isFinite(tier.min) ? tier.min : null })) }
  },
  aboveBoard: ({ db }, league) => {
    const published = publishedSnapshots(db, league.id)
    const isOnlyBaseline = published.length > 0 && published.every(({ kind }) => kind === 'baseline')
    return isOnlyBaseline && notice('The baseline is here. The board begins with the next sheet, a current one.')
  },
  aboveCard: (_, league, player, who) => markOnCard(league, player, who),
  players: playersOfNewestScan,
  stats: ({ db }, league) => sheetStats(db, league.id),
  async finalize(app, league) {
    requireAllRead(app.db, league.id)
    const source = boardSourceOf(app, league)
    const leftOut = leftOutBy(source.marks)
    const selection =
      selectSnapshots(source.published) ??
      refuse('conflict', 'There is no current sheet yet: an empty league cannot be finalised')
    const hash = await app.sheets.thread.run('hash', {
      selection,
      config: JSON.stringify({ ...source.config, ...(leftOut && { left_out: leftOut.ids }) }),
    })
    return {
      hash,
      store(tx) {
        requireAllRead(tx, league.id)
        if (!Bun.deepEquals(boardSourceOf({ db: tx }, leagueById(tx, league.id)), source))
          refuse('conflict', 'The board has just changed; look at it and try again')
        return hash
      },
    }
  },
  /** Retention deletes the snapshots; nothing refers to them any more. */
  onDelete({ config, db, clock }, leagueId) {
    const files = uploadFiles(db, leagueId)
    const held = heldUploads(db, leagueId)
    return async () => {
      await atomically(db, tx => {
        for (const { id } of held) clearHeldAlert(tx, clock.now(), id)
      })
      for (const file of files) await rm(uploadPath(config.dataDir, file), { force: true })
    }
  },
}
