import { rm } from 'node:fs/promises'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import type { LeagueKind } from '../leagues/kinds.ts'
import type { League } from '../leagues/league.ts'
import { isoOrNull } from '../runtime/clock.ts'
import { partsOf, type Source, sheetPage } from './boards.ts'
import { boardConfigOf, checkedConfig } from './config.ts'
import { lineupOf, upTo } from './lineup.ts'
import { playerCard } from './player.ts'
import { published, statsOf, unfinishedUploads, uploadFiles } from './queries.ts'
import { uploadPath } from './receiving.ts'
import { SnapshotGone } from './snapshots/snapshot.ts'
import { tiersOf } from './tiers.ts'
import type { WholeInput } from './whole.ts'

export const sourceOf = ({ db }: Pick<App, 'db'>, league: League): Source => ({
  published: published(db, league.id),
  config: boardConfigOf(league),
})

/** Leagues whose scores come from uploaded sheets. */
export const sheetLeague: LeagueKind = {
  config: checkedConfig,
  async page(app, league, query) {
    const look = () => sheetPage(app.sheets.boards, sourceOf(app, league), query)
    try {
      return await look()
    } catch (error) {
      if (!(error instanceof SnapshotGone)) throw error
      if (query.at !== undefined) refuse('gone', 'The scans of that time are no longer kept')
      return look() // an upload was undone or thinned out meanwhile
    }
  },
  async whole(app, league, query) {
    const { published, config } = sourceOf(app, league)
    const seen = upTo(published, query.at)
    const lineup = lineupOf(seen)
    if (!lineup) return undefined
    const { parts } = await partsOf(app.sheets.boards, { published: seen, config }, lineup, query)
    const input: WholeInput = { dataDir: app.config.dataDir, parts, query }
    return { module: new URL('./whole.ts', import.meta.url).href, input }
  },
  async player(app, league, playerId) {
    const card = await playerCard(app.sheets.boards, sourceOf(app, league), playerId)
    if (!card) return undefined
    const { asOf, history, ...rest } = card
    return {
      ...rest,
      history: history.map(({ takenAt, ...moment }) => ({ taken_at: isoOrNull(takenAt), ...moment })),
      as_of: isoOrNull(asOf),
    }
  },
  async tiers(app, league, page) {
    const { asOf, tiers } = await tiersOf(app.sheets.boards, sourceOf(app, league), page)
    return { asOf, tiers: tiers.map(tier => ({ ...tier, min: Number.isFinite(tier.min) ? tier.min : null })) }
  },
  stats: ({ db }, league) => statsOf(db, league.id),
  async finalize(app, league) {
    const unread = unfinishedUploads(app.db, league.id)
    if (unread > 0) refuse('conflict', `${unread} ${unread === 1 ? 'sheet is' : 'sheets are'} still being read`)
    const { config, published } = sourceOf(app, league)
    const lineup =
      lineupOf(published) ?? refuse('conflict', 'There is no current sheet yet: an empty league cannot be finalised')
    return { hash: await app.sheets.thread.run('hash', { lineup, config: JSON.stringify(config) }) }
  },
  /** The snapshots are swept by the next retention; nothing refers to them any more. */
  removing({ config, db }, leagueId) {
    const files = uploadFiles(db, leagueId)
    return async () => {
      for (const file of files) await rm(uploadPath(config.dataDir, file), { force: true })
    }
  },
}
