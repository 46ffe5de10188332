/**
 * A page of the monitor and its other formats, from one description: the page at `path`, its data at `path/json`, and
 * its filtered list as files at `path.csv` and `path.json`. The page is kept up to date by `path/part`,
 * which is its content alone, and `path/events`, which says when the content has changed.
 */
import { Value } from '@sinclair/typebox/value'
import { Elysia, type Static, type TSchema, t } from 'elysia'
import { LRUCache } from 'lru-cache'
import type { App } from '../../context.ts'
import { Refusal } from '../../errors.ts'
import { type Content, html } from '../../platform/html.ts'
import { access } from '../../platform/http/access.ts'
import { itemsOfPage, linkHeader, type Pagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { hidden } from '../../ui/layout.ts'
import { live, livePart } from '../../ui/parts/live.ts'
import { listExport } from './list-export.ts'
import { contentVersion, exportLinks, type MonitorNavItem, monitorPage, openAlerts } from './monitor-layout.ts'

type LivePage<Query extends TSchema, Data> = {
  path: string
  title: string
  navItem: MonitorNavItem
  query: Query
  read(query: Static<Query>): Promise<Data> | Data
  body(data: Data, query: Static<Query>): Content
  /** Forms that fields of the content belong to. They hold the reader's token, so they are no part of what is refreshed. */
  forms?(who: Who | undefined): Content
  /** Next to the title: choices. */
  tools?(query: Static<Query>): Content
  json: {
    summary: string
    schema: TSchema
    description?: string
    /** The JSON answer, if it is not the data as read. */
    of?(data: Data, query: Static<Query>): unknown
    /** The page's own address also answers with JSON, to clients that do not ask for HTML. */
    isAtPage?: boolean
  }
  file?: FileOf<Static<Query>>
  live?: {
    /** ms between two checks, however many readers watch. */
    every: number
    /** The page is fetched again when this changes; by default the page itself. */
    watched?(data: Data): unknown
  }
}

type FileOf<Query> = {
  /** `fieldhouse-<name>.csv` */
  name: string
  row: { properties: object }
  rows(query: Query, page: { limit: number; offset: number }): Promise<readonly object[]> | readonly object[]
}

/** How often the data is checked, whatever the number of readers. */
export const twiceASecond = { every: 500 } // ms
export const everySecondAndAHalf = { every: 1_500 } // ms; for numbers that come by the minute or take a while to read

export function livePage<Query extends TSchema, Data>(app: App, page: LivePage<Query, Data>) {
  const { title, navItem, json, file, live: liveSettings } = page
  const path = page.path.replace(/\/$/, '')
  const jsonAnswer = (data: Data, asked: Static<Query>) => (json.of ? json.of(data, asked) : data)
  const docs = describe(json.summary, json.schema, { description: json.description })
  const routes = routesOf(app)
    .get(
      page.path,
      async ({ query, who, request, set }) => {
        const asked = typedQuery(page.query, query)
        if (json.isAtPage) {
          set.headers.vary = 'accept'
          if (!request.headers.get('accept')?.includes('text/html')) return jsonAnswer(await page.read(asked), asked)
        }
        const { content, version } = await rendered(page, asked)
        const { search, searchParams } = new URL(request.url)
        const to = {
          id: navItem,
          events: `${path}/events${search}`,
          from: `${path}/part${search}`,
          version,
          fast: true,
        }
        const tools = html`${page.tools?.(asked)}${file && exportLinks(path, Object.fromEntries(searchParams))}`
        return monitorPage(app, {
          title,
          who,
          navItem,
          tools,
          ...(liveSettings && { reload: 10 }),
          body: html`${liveSettings ? live(to, content) : content}${page.forms?.(who)}`,
        })
      },
      { query: page.query, may: 'admin', detail: json.isAtPage ? docs : hidden },
    )
    .get(
      `${path}/json`,
      async ({ query, request, set }) => {
        const asked = typedQuery(page.query, query)
        const data = await page.read(asked)
        if (isList(data)) set.headers.link = linkHeader(request.url, data.pagination)
        return jsonAnswer(data, asked)
      },
      { query: page.query, may: 'admin', detail: docs },
    )
  if (liveSettings) addLiveRoutes(routes, app, path, page, liveSettings.every)
  if (file) addFiles(routes, path, page.query, file)
  return routes
}

const isList = (data: unknown): data is { pagination: Pagination } =>
  typeof data === 'object' && data !== null && 'pagination' in data

/** A form without script also sends empty fields: they are treated as absent. */
const routesOf = (app: App) =>
  new Elysia({ tags: ['admin'] }).use(access(app)).onTransform(({ query }) => {
    for (const [name, value] of Object.entries(query)) if (value === '') delete query[name]
  })
type MonitorRoutes = ReturnType<typeof routesOf>

/** Elysia has validated it; this tells the compiler so. */
function typedQuery<Query extends TSchema>(schema: Query, query: unknown): Static<Query> {
  if (!Value.Check(schema, query)) throw new Error('A query does not match its schema')
  return query
}

async function rendered<Query extends TSchema, Data>(
  { read, body, live }: LivePage<Query, Data>,
  asked: Static<Query>,
) {
  const data = await read(asked)
  const content = html`${body(data, asked)}`
  return { content, version: contentVersion(live?.watched ? live.watched(data) : String(content)) }
}

/** `path/part` and `path/events`. */
function addLiveRoutes<Query extends TSchema, Data>(
  routes: MonitorRoutes,
  app: App,
  path: string,
  page: LivePage<Query, Data>,
  every: number,
) {
  const { query } = page
  const versions = new LRUCache<string, Promise<string>>({ max: 100, ttl: every })
  function versionFor(asked: Static<Query>): Promise<string> {
    const key = JSON.stringify(asked)
    const known = versions.get(key)
    if (known) return known
    const version = rendered(page, asked).then(({ version }) => version)
    versions.set(key, version)
    return version
  }
  routes
    .get(
      `${path}/part`,
      async ({ query: given }) => {
        const { content, version } = await rendered(page, typedQuery(query, given))
        return livePart(version, content)
      },
      { query, may: 'admin', detail: hidden },
    )
    .get(
      `${path}/events`,
      ({ query: given, request }) => {
        const asked = typedQuery(query, given)
        return liveEvents(app, request, () => versionFor(asked), every)
      },
      { query, may: 'admin', detail: hidden },
    )
}

/** `path.csv` and `path.json`: a whole list as it is filtered. */
export const listFiles = <Query extends TSchema>(app: App, path: string, query: Query, file: FileOf<Static<Query>>) =>
  addFiles(routesOf(app), path, query, file)

function addFiles<Query extends TSchema>(
  routes: MonitorRoutes,
  path: string,
  query: Query,
  file: FileOf<Static<Query>>,
) {
  const { name, row, rows } = file
  const write = (format: 'csv' | 'json', given: unknown) => {
    const asked = typedQuery(query, given)
    return listExport(name, format, row, page => rows(asked, page))
  }
  return routes
    .get(`${path}.csv`, ({ query: given }) => write('csv', given), { query, may: 'admin', detail: hidden })
    .get(`${path}.json`, ({ query: given }) => write('json', given), { query, may: 'admin', detail: hidden })
}

/** The rows of a list that is read at once. */
export const slicesOf =
  <Query>(read: (query: Query) => Promise<readonly object[]> | readonly object[]): FileOf<Query>['rows'] =>
  async (query, page) =>
    itemsOfPage(await read(query), page)

/** For a page without choices. */
export const emptyQuery = t.Object({})

const beatInterval = 2_000 // ms

/** The event stream of a monitor page: says when something has changed, and at every beat that it is still checking and how many alerts are open. */
export function liveEvents(
  app: App,
  request: Request,
  versionOf: () => string | Promise<string>,
  checkInterval = 500, // ms
): Response {
  const { streams, log } = app
  return streams.response(request, (send, end) => {
    let sent = ''
    let beatAt = -beatInterval
    let isChecking = false
    async function sendIfChanged() {
      if (isChecking) return
      isChecking = true
      try {
        const version = await versionOf()
        if (version !== sent) send({ version }, 'changed')
        sent = version
        if (performance.now() - beatAt < beatInterval) return
        beatAt = performance.now()
        send(openAlerts(app), 'beat')
      } catch (error) {
        if (error instanceof Refusal) return end() // what it shows is gone: the client asks again, and is told
        log.warn('A page of the monitor could not be checked for changes', { error })
      } finally {
        isChecking = false
      }
    }
    sendIfChanged()
    const timer = setInterval(sendIfChanged, checkInterval)
    return () => clearInterval(timer)
  })
}
