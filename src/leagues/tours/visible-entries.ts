/** Entries with only what this reader may see. */
import type { App } from '../../context.ts'
import type { PageSlice } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import type { League } from '../league.ts'
import { tourRulesOf } from './config.ts'
import { type EntryView, entryView, type NamedEntry } from './entry.ts'
import { entryById, listEntries } from './entry-queries.ts'
import { golferField, scoreEntry } from './scoring.ts'

type Viewer = (entry: NamedEntry) => EntryView

export async function entryViewer({ tourBoards }: App, league: League, who: Who | undefined): Promise<Viewer> {
  const { golfers } = await tourBoards.of(league)
  const field = golfers && golferField(golfers)
  const rules = tourRulesOf(league)
  const isMine = ({ userId }: NamedEntry) => who !== undefined && who.id === userId
  return entry => entryView(entry, isMine(entry), field && scoreEntry(entry, field, rules))
}

export async function readEntry(app: App, league: League, id: number, who: Who | undefined): Promise<EntryView> {
  const view = await entryViewer(app, league, who)
  return view(entryById(app.db, league.id, id))
}

export async function listVisibleEntries(
  app: App,
  league: League,
  asked: PageSlice,
  who: Who | undefined,
  userId?: number,
) {
  const view = await entryViewer(app, league, who)
  const { entries, total } = listEntries(app.db, league.id, asked, userId)
  return { entries: entries.map(view), total }
}
