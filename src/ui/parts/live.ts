import { type Content, type Html, html, htmlResponse } from '../../platform/html.ts'
import type { Streams } from '../../platform/http/event-streams.ts'
import type { Who } from '../../platform/http/request-context.ts'

export type Live = {
  /** Unique on the page. */
  id: string
  /** An event stream whose `changed` events carry `{ version }`. */
  events: string
  /** Where the content is fetched again, as markup without a page around it. */
  from: string
  /** The version of what is shown; another one in an event means that it is out of date. */
  version: string
  /** Shows changes at once: only for pages that few people watch. */
  fast?: boolean
}

/**
 * Content that refreshes itself while its tab is visible: whatever the version, only what differs is changed, so that
 * the reader's scroll, focus and selection stay where they are.
 */
export const live = ({ id, events, from, version, fast }: Live, content: Content): Html =>
  html`<div class="live" id="${id}" data-live="${events}" data-from="${from}" data-version="${version}" ${fast && html`data-pace="fast"`}>${content}</div>`

/** The answer of `from`: the content alone, and its version, which has to be read before it, or a change in between is missed. */
export const livePart = (version: string, content: Html | string): Response =>
  htmlResponse(content, 200, { 'x-version': version })

/** What the routes of a live page hand on of a request. */
export type LiveRequest<Query, Params = unknown> = {
  request: Request
  params: Params
  query: Query
  who: Who | undefined
}

type LiveContent<Asked, Data> = Pick<Live, 'id' | 'fast'> & {
  /** Refuses whoever may not see it, also while they watch. */
  version(asked: Asked): string
  read(asked: Asked): Data | Promise<Data>
  content(data: Data, asked: Asked): Html
  /** The page around it. */
  page(shown: Html, data: Data, asked: Asked): Response
}

/** What answers at the address of a page whose content refreshes itself, and at that address with `/part` and `/events` added. */
export function liveHandlers<Asked extends { request: Request }, Data>(
  streams: Streams,
  { id, fast, version, read, content, page }: LiveContent<Asked, Data>,
) {
  return {
    async page(asked: Asked): Promise<Response> {
      const shownVersion = version(asked)
      const data = await read(asked)
      const { pathname, search } = new URL(asked.request.url)
      const path = pathname.replace(/\/$/, '') // an address may end in a slash
      const [events, from] = [`${path}/events${search}`, `${path}/part${search}`]
      return page(live({ id, events, from, version: shownVersion, fast }, content(data, asked)), data, asked)
    },
    async part(asked: Asked): Promise<Response> {
      const shownVersion = version(asked)
      return livePart(shownVersion, content(await read(asked), asked))
    },
    events: (asked: Asked): Response => streams.versions(asked.request, () => version(asked)),
  }
}
