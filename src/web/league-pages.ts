/** The pages of leagues: they ask what the API asks, and show it. */
import { Elysia, t } from 'elysia'
import { kinds as everyKind } from '../../db/schema.ts'
import { access } from '../access.ts'
import { namesOf } from '../accounts/queries.ts'
import { cached } from '../cached.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { bestTierFirst, defaultTiers } from '../leaderboard/tiers.ts'
import { boardQuery, readBoard, readPlayer } from '../leagues/board.ts'
import { kindSchema, type League, statusOf } from '../leagues/league.ts'
import { isMember, leagueViewById, listLeagues, readableLeague } from '../leagues/queries.ts'
import { leagueListQuery } from '../leagues/routes.ts'
import { Cached } from '../runtime/cache.ts'
import type { Who } from '../runtime/exchange.ts'
import { type Html, htmlResponse } from '../runtime/html.ts'
import { pageOf, pageQuery, pagination } from '../runtime/page.ts'
import { runById } from '../runtime/runs.ts'
import { boardConfigOf } from '../sheets/config.ts'
import { errorsOf, uploadById, uploadsOf } from '../sheets/queries.ts'
import { uploadView } from '../sheets/upload.ts'
import { hidden, page } from './layout.ts'
import { type BoardData, type BoardParams, boardBody } from './pages/board.ts'
import { newLeagueBody, settingsBody } from './pages/league-form.ts'
import { leaguesBody } from './pages/leagues.ts'
import { playerBody } from './pages/player.ts'
import { historyBody, type UploadsData, uploadBody, uploadsBody } from './pages/uploads.ts'
import { live } from './parts/live.ts'

const id = t.Integer({ minimum: 1 })
const one = { params: t.Object({ id }) }
const paged = { ...one, query: t.Object(pageQuery) }
const nav = 'leagues'

/** A part of a page, fetched by the page itself. */
const fragment = (content: Html, version: string) => htmlResponse(content, 200, { 'x-version': version })

export const leaguePages = (app: App) => {
  const { db, cache, clock, config, streams } = app
  const kinds = everyKind.filter(kind => app.kinds[kind])

  /** Another version: another board, or a league in another state. */
  const versionOf = (id: number, who: Who | undefined) => {
    const league = readableLeague(db, id, who)
    return Bun.hash(`${cache.keyOf(cached.board, [id])} ${statusOf(league, clock.now())}`).toString(36)
  }

  async function boardOf(id: number, query: BoardParams, who: Who | undefined): Promise<BoardData> {
    const league = readableLeague(db, id, who)
    const found = await readBoard(app, league, { ...query, at: inUtc(query.at) })
    const isMine = who?.id != null && league.kind === 'market' && isMember(db, id, who.id)
    return {
      league: leagueViewById(db, id, clock.now()),
      board: found instanceof Cached ? found.value : found,
      tiers: tiersOf(league),
      me: isMine ? String(who?.id) : undefined,
    }
  }

  function uploadsData(id: number, query: { page?: number; limit?: number }): UploadsData {
    const asked = pageOf(query)
    const { uploads, total } = uploadsOf(db, id, asked)
    return {
      league: leagueViewById(db, id, clock.now()),
      list: { uploads: uploads.map(uploadView), pagination: pagination(asked, total) },
      names: namesOf(
        db,
        uploads.map(({ uploadedBy }) => uploadedBy),
      ),
      progress: new Map(
        uploads
          .filter(({ finishedAt }) => finishedAt === null)
          .flatMap(({ id, jobId }) => {
            const run = runById(db).get({ id: jobId })
            return run ? [[id, { percent: run.progress, stage: run.stage }]] : []
          }),
      ),
      maxMb: config.maxUploadMb,
    }
  }
  const uploadsVersion = (id: number, query: { page?: number }) =>
    Bun.hash(
      JSON.stringify(Object.values(uploadsData(id, query)).map(part => (part instanceof Map ? [...part] : part))),
    ).toString(36)

  return new Elysia()
    .use(access(app))
    .get(
      '/',
      ({ query, who }) => {
        const asked = pageOf(query)
        const { leagues, total } = listLeagues(db, { ...query, publicOnly: !who }, asked, clock.now())
        const body = leaguesBody({ leagues, pagination: pagination(asked, total) }, query, who)
        return page({ title: 'Leagues', who, nav, body })
      },
      { query: leagueListQuery, may: 'reader', detail: hidden },
    )
    .get(
      '/leagues/new',
      ({ query: { kind = kinds[0] ?? 'sheet' }, who }) =>
        page({ title: 'New league', who, nav, body: newLeagueBody(kind, kinds) }),
      { query: t.Object({ kind: t.Optional(kindSchema) }), may: 'officer', detail: hidden },
    )
    .get(
      '/leagues/:id',
      async ({ params: { id }, query, who, request }) => {
        const version = versionOf(id, who)
        const data = await boardOf(id, query, who)
        const { search } = new URL(request.url)
        const body = live(
          { id: 'board', events: `/leagues/${id}/events`, from: `/leagues/${id}/board${search}`, version },
          boardBody(data, query, who),
        )
        return page({ title: data.league.name, who, nav, scripts: ['board.js'], body })
      },
      { ...one, query: boardQuery, may: 'reader', counted: true, detail: hidden },
    )
    .get(
      '/leagues/:id/board',
      async ({ params: { id }, query, who }) => {
        const version = versionOf(id, who) // before the board is read: a change in between is then fetched again
        return fragment(boardBody(await boardOf(id, query, who), query, who), version)
      },
      { ...one, query: boardQuery, may: 'reader', counted: true, detail: hidden },
    )
    .get('/leagues/:id/events', ({ params: { id }, who }) => streams.versions(() => versionOf(id, who)), {
      ...one,
      may: 'reader',
      detail: hidden,
    })
    .get(
      '/leagues/:id/players/:player_id',
      async ({ params: { id, player_id }, query, who }) => {
        const league = readableLeague(db, id, who)
        const { value: player } = await readPlayer(app, league, player_id)
        const body = playerBody(
          { league: leagueViewById(db, id, clock.now()), player, tiers: tiersOf(league) },
          query,
          who,
        )
        return page({ title: `${player.name} · ${league.name}`, who, nav, scripts: ['board.js'], body })
      },
      {
        params: t.Object({ id, player_id: t.String({ maxLength: 200 }) }),
        query: t.Object({ metric: t.Optional(t.String({ maxLength: 200 })) }),
        may: 'reader',
        counted: true,
        detail: hidden,
      },
    )
    .get(
      '/leagues/:id/settings',
      ({ params: { id }, who }) => {
        const league = leagueViewById(db, id, clock.now())
        return page({ title: `Settings of ${league.name}`, who, nav, body: settingsBody(league, who) })
      },
      { ...one, may: 'officer', detail: hidden },
    )
    .get(
      '/leagues/:id/uploads',
      ({ params: { id }, query, who, request }) => {
        const data = uploadsData(id, query)
        const { search } = new URL(request.url)
        const path = `/leagues/${id}/uploads`
        const history = live(
          {
            id: 'history',
            events: `${path}/events${search}`,
            from: `${path}/history${search}`,
            version: uploadsVersion(id, query),
          },
          historyBody(data, who),
        )
        const body = uploadsBody(data, history, who)
        return page({ title: `Uploads of ${data.league.name}`, who, nav, scripts: ['upload.js'], body })
      },
      { ...paged, may: 'officer', detail: hidden },
    )
    .get(
      '/leagues/:id/uploads/history',
      ({ params: { id }, query, who }) => {
        const version = uploadsVersion(id, query)
        return fragment(historyBody(uploadsData(id, query), who), version)
      },
      { ...paged, may: 'officer', detail: hidden },
    )
    .get(
      '/leagues/:id/uploads/events',
      ({ params: { id }, query }) => streams.versions(() => uploadsVersion(id, query)),
      {
        ...paged,
        may: 'officer',
        detail: hidden,
      },
    )
    .get(
      '/leagues/:id/uploads/:upload_id',
      ({ params: { id, upload_id }, query, who }) => {
        const upload = uploadById(db, upload_id)
        if (upload.leagueId !== id) refuse('not_found', `This league has no upload ${upload_id}`)
        const asked = pageOf(query)
        const { errors, total } = errorsOf(db, upload_id, asked)
        const body = uploadBody(
          {
            league: leagueViewById(db, id, clock.now()),
            upload: uploadView(upload),
            errors: { errors, pagination: pagination(asked, total) },
          },
          who,
        )
        return page({ title: `${upload.filename}`, who, nav, body })
      },
      {
        params: t.Object({ id, upload_id: id }),
        query: t.Object(pageQuery),
        may: 'officer',
        detail: hidden,
      },
    )
}

/** The names of a league's tiers, best first: their place gives their colour. */
const tiersOf = (league: League) => bestTierFirst(boardConfigOf(league).tiers ?? defaultTiers).map(({ name }) => name)

/** `2026-03-01T12:00`, as a form sends it, is meant in UTC. */
const inUtc = (at: string | undefined) => (at && /T\d\d:\d\d(:\d\d)?$/.test(at) ? `${at}Z` : at)
