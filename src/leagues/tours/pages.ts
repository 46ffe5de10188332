/** Pages of tours and entries: they ask the same queries as the API. */

import { type Static, t } from 'elysia'
import type { App } from '../../context.ts'
import { Refusal } from '../../errors.ts'
import { rankedPage as boardPageOf } from '../../leaderboard/page.ts'
import { canonicalQuery } from '../../leaderboard/query.ts'
import { byName } from '../../platform/by-name.ts'
import type { Html } from '../../platform/html.ts'
import { signedIn } from '../../platform/http/access.ts'
import { checkedInput } from '../../platform/http/field-errors.ts'
import { pageOf, pageQuery, pagination, wholeList, withPagination } from '../../platform/http/pagination.ts'
import { readBody } from '../../platform/http/request-body.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { seeOther } from '../../platform/http/responses.ts'
import { idParams, idSchema } from '../../platform/http/shared-schemas.ts'
import { page, pageRouter } from '../../ui/layout.ts'
import { type LiveRequest, liveHandlers } from '../../ui/parts/live.ts'
import { leagueById, leagueViewById } from '../queries.ts'
import { maxEntries, tourRulesOf } from './config.ts'
import { type EntriesData, entriesBody, everyoneBody } from './entries-page.ts'
import { newEntry } from './entry.ts'
import { entriesByIds, listEntries } from './entry-queries.ts'
import { createEntry, editEntry } from './manage-entries.ts'
import { openUnmatched } from './match-field.ts'
import { arePicksOpen } from './picks.ts'
import { findTour, golfersOf, listField, listTours, tourBySlug, tourLeagueOf } from './queries.ts'
import { slugParams, type Tour } from './tour.ts'
import { fieldBody, type TourData, tourBody, toursBody } from './tour-page.ts'
import { tourViewOf } from './tour-view.ts'
import { listUpcomingField } from './upcoming-field.ts'
import { type UpcomingData, upcomingBody } from './upcoming-page.ts'
import { entryViewer } from './visible-entries.ts'

const nav = 'leagues'
const entriesQuery = t.Object({ ...pageQuery, edit: t.Optional(idSchema) })
const fieldQuery = t.Object({ ...pageQuery, q: t.Optional(t.String({ maxLength: 100 })) })
const rowsPerPage = 50

const maxFormBytes = 64 * 1024

/** `picks[]` for checkboxes, `picks[0]` for groups. */
function entryOfForm(form: URLSearchParams): Static<typeof newEntry> {
  const [name, guess] = [form.get('name')?.trim(), form.get('tiebreaker')?.trim()]
  const picks = [...form].flatMap(([key, value]) => (/^picks\[\d*\]$/.test(key) && value ? [value] : []))
  return { ...(name && { name }), picks, tiebreaker: guess ? Number(guess) : null }
}

type Asked = { page?: number; edit?: number }

export const tourPages = (app: App) => {
  const { db, clock, stamps, streams } = app

  const entriesVersion = (id: number, who: Who | undefined) => {
    const open = arePicksOpen(app.tourBoards.picksFor(tourLeagueOf(db, id, who)), clock.now())
    return `${stamps.versionOf([['scores', String(id)]])}${open ? 'open' : 'closed'}`
  }
  async function entriesData(id: number, query: Asked, who: Who | undefined): Promise<EntriesData> {
    const league = tourLeagueOf(db, id, who)
    const view = await entryViewer(app, league, who)
    const { board } = await app.tourBoards.of(league)
    const { rows, pagination } = boardPageOf(board, canonicalQuery({ page: query.page, limit: rowsPerPage }))
    const entries = entriesByIds(
      db,
      rows.map(row => Number(row.player_id)),
    )
    const rules = tourRulesOf(league)
    const picking = app.tourBoards.picksFor(league)
    const all = { page: 1, limit: maxEntries, offset: 0 } // also those beyond a limit that was lowered
    const mine = who?.id == null ? [] : listEntries(db, id, all, who.id).entries
    return {
      league: leagueViewById(db, id, clock.now()),
      rules,
      tour: findTour(db, rules.tour),
      picking,
      open: arePicksOpen(picking, clock.now()),
      ranked: rows.flatMap(({ player_id, rank, change }) => {
        const entry = entries.get(Number(player_id))
        return entry ? { ...view(entry), rank, change } : []
      }),
      pagination,
      mine: mine.map(view),
      editing: mine.filter(entry => entry.id === query.edit).map(view)[0],
    }
  }

  const entries = liveHandlers(streams, {
    id: 'entries',
    version: ({ params: { id }, who }: LiveRequest<Asked, { id: number }>) => entriesVersion(id, who),
    read: ({ params: { id }, query, who }) => entriesData(id, query, who),
    content: everyoneBody,
    page: (everyone, data, { who }) => showEntriesPage(data, everyone, who),
  })

  const showEntriesPage = (data: EntriesData, everyone: Html, who: Who | undefined, status?: number) => {
    const [scripts, styles] = [['picks.js'], ['picks.css']]
    const body = entriesBody(data, everyone, who)
    return page({ title: `Entries of ${data.league.name}`, who, nav, scripts, styles, body }, status)
  }

  /** Handles the form of an entry as a browser without script sends it: saved, or shown again with the errors. */
  async function handleForm(
    id: number,
    who: Who,
    request: Request,
    save: (given: Static<typeof newEntry>) => Promise<unknown>,
    edit?: number,
  ) {
    const given = entryOfForm(new URLSearchParams(new TextDecoder().decode(await readBody(request, maxFormBytes))))
    try {
      await save(checkedInput(newEntry, given))
      return seeOther(`/leagues/${id}/entries`)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const messages = (error.extra.errors ?? []).map(({ message }) => message)
      const message = (messages.length > 0 ? messages : [error.detail]).join(' · ')
      const data = await entriesData(id, { edit }, who)
      return showEntriesPage({ ...data, refused: { ...given, message } }, everyoneBody(data), who, error.status)
    }
  }

  type TourQuery = { page?: number; q?: string }
  function tourData(slug: string, query: TourQuery, who: Who | undefined): TourData {
    const tour = tourBySlug(db, slug)
    const slice = pageOf({ page: query.page, limit: 200 })
    const view = tourViewOf(app, tour, who)
    const leagues = view.leagues.map(id => leagueById(db, id))
    return { tour: view, leagues, ...withPagination(listField(db, tour, slice, query.q), slice), q: query.q }
  }

  function upcomingData(tour: Tour, query: { page?: number }): UpcomingData {
    const slice = pageOf({ page: query.page, limit: 100 })
    const shown = withPagination(listUpcomingField(db, tour, slice), slice)
    const isByHand = shown.event?.source === 'hand'
    const unmatched = openUnmatched(db, tour)
    const eventIds = new Set(unmatched.map(({ event_id }) => event_id))
    return {
      tour,
      ...shown,
      entered: isByHand ? listUpcomingField(db, tour, wholeList).players.filter(each => !each.withdrawn) : [],
      unmatched,
      golfers: new Map([...eventIds].map(id => [id, golfersOf(db, id).sort(byName)])),
    }
  }

  const tour = liveHandlers(streams, {
    id: 'field',
    version: ({ params: { slug } }: LiveRequest<TourQuery, { slug: string }>) =>
      stamps.versionOf([['tour', tourBySlug(db, slug).slug]]),
    read: ({ params: { slug }, query, who }) => tourData(slug, query, who),
    content: (data, { who }) => fieldBody(data, who),
    page: (field, data, { who }) =>
      page({ title: data.tour.name, who, nav: 'tours', body: tourBody(data, field, who) }),
  })

  const ofLeague = { params: idParams, query: entriesQuery, may: 'reader' } as const
  const ofTour = { params: slugParams, query: fieldQuery, may: 'reader' } as const
  return pageRouter(app)
    .get('/leagues/:id/entries', entries.page, { ...ofLeague, counted: true })
    .get('/leagues/:id/entries/part', entries.part, { ...ofLeague, counted: true })
    .get('/leagues/:id/entries/events', entries.events, ofLeague)
    .post(
      '/leagues/:id/entries',
      ({ params: { id }, request, who }) => {
        const member = signedIn(who)
        return handleForm(id, member, request, given => createEntry(app, id, member, given))
      },
      { params: idParams, may: 'member', parse: 'none' },
    )
    .post(
      '/leagues/:id/entries/:entry_id',
      ({ params: { id, entry_id }, request, who }) => {
        const member = signedIn(who)
        return handleForm(id, member, request, given => editEntry(app, id, entry_id, member, given), entry_id)
      },
      { params: t.Object({ id: idSchema, entry_id: idSchema }), may: 'member', parse: 'none' },
    )
    .get(
      '/tours',
      ({ query, who }) => {
        const slice = pageOf(query)
        const { tours, total } = listTours(db, slice)
        const views = tours.map(tour => tourViewOf(app, tour, who))
        return page({ title: 'Tours', who, nav: 'tours', body: toursBody(views, pagination(slice, total), who) })
      },
      { query: t.Object(pageQuery), may: 'reader', counted: true },
    )
    .get('/tours/:slug', tour.page, { ...ofTour, counted: true })
    .get('/tours/:slug/part', tour.part, { ...ofTour, counted: true })
    .get('/tours/:slug/events', tour.events, ofTour)
    .get(
      '/tours/:slug/upcoming',
      ({ params: { slug }, query, who }) => {
        const tour = tourBySlug(db, slug)
        const body = upcomingBody(upcomingData(tour, query), who)
        return page({ title: `Coming event of ${tour.name}`, who, nav: 'tours', body })
      },
      { params: slugParams, query: t.Object(pageQuery), may: 'reader', counted: true },
    )
}
