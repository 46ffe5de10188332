/** The one paginator. */

import type { TProperties } from '@sinclair/typebox'
import { type Static, type TSchema, t } from 'elysia'
import { requestContext } from './request-context.ts'
import { describe } from './route-docs.ts'

const maxLimit = 500
export const usualLimit = 20

/** The parameters of every list. Values out of range are clamped, not refused. */
export const pageQueryOf = (limit: number) => ({
  page: t.Optional(t.Integer({ default: 1 })),
  limit: t.Optional(t.Integer({ default: limit })),
})
export const pageQuery = pageQueryOf(usualLimit)

export const paginationSchema = t.Object(
  { page: t.Integer(), limit: t.Integer(), total: t.Integer(), pages: t.Integer() },
  { $id: 'Pagination' },
)
export type Pagination = Static<typeof paginationSchema>

/** What a list answers: `pageSchema('leagues', leagueSchema)`. */
export const pageSchema = (things: string, thing: TSchema) =>
  t.Object({ [things]: t.Array(thing), pagination: paginationSchema })

/** Beyond the end of any list, and still a number that SQLite can count with. */
const maxPage = 1e12

export type PageSlice = { page: number; limit: number; offset: number }
export function pageOf({ page = 1, limit = usualLimit }: { page?: number; limit?: number }): PageSlice {
  const size = Math.min(Math.max(Math.trunc(limit), 1), maxLimit)
  const number = Math.min(Math.max(Math.trunc(page), 1), maxPage)
  return { page: number, limit: size, offset: (number - 1) * size }
}

/** All of a list, for one that is short in practice. */
export const wholeList: PageSlice = { page: 1, limit: Number.MAX_SAFE_INTEGER, offset: 0 }

/** The page of a list that was read whole. */
export const itemsOfPage = <T>(all: readonly T[], { offset, limit }: Pick<PageSlice, 'offset' | 'limit'>): T[] =>
  all.slice(offset, offset + limit)

export const pagination = ({ page, limit }: Pick<PageSlice, 'page' | 'limit'>, total: number): Pagination => ({
  page,
  limit,
  total,
  pages: Math.ceil(total / limit),
})

/** The page of a list as it is answered: with its pagination in place of the total. */
export const withPagination = <Found extends { total: number }>({ total, ...things }: Found, page: PageSlice) => ({
  ...things,
  pagination: pagination(page, total),
})

/** The `Link` header of a page: first, prev, next, last. */
export function linkHeader(url: string, { page, pages }: Pagination): string {
  const to = (number: number, rel: string) => {
    const target = new URL(url)
    target.searchParams.set('page', String(number))
    return `<${target.pathname}${target.search}>; rel="${rel}"`
  }
  const links = [to(1, 'first'), to(Math.max(1, pages), 'last')]
  if (page > 1) links.push(to(Math.max(1, Math.min(page - 1, pages)), 'prev'))
  if (page < pages) links.push(to(page + 1, 'next'))
  return links.join(', ')
}

/** Of a route that lists things: its query, which is `more` and the page, and what the API page says of it. */
export const listRoute = <More extends TProperties>(summary: string, things: string, thing: TSchema, more?: More) => ({
  query: t.Object({ ...(more as More), ...pageQuery }),
  detail: describe(summary, pageSchema(things, thing)),
})

/** The body of a list: what `read` returns of the page that is asked for, and its pagination. Also sets the `Link` header. */
export async function paged<Found extends { total: number }>(
  query: { page?: number; limit?: number },
  request: Request,
  read: (page: PageSlice) => Found | Promise<Found>,
) {
  const page = pageOf(query)
  const answer = withPagination(await read(page), page)
  requestContext(request).headers.push(['link', linkHeader(request.url, answer.pagination)])
  return answer
}
