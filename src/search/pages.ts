/** The search page, and the suggestions under the box on every page. */

import { t } from 'elysia'
import type { App } from '../context.ts'
import { answerValue } from '../platform/cache/cache.ts'
import { type Content, type Html, html, htmlResponse } from '../platform/html.ts'
import { jobPath, jobTitle } from '../runs/job-titles.ts'
import { page, pageRouter } from '../ui/layout.ts'
import { address } from '../ui/parts/address.ts'
import { emptyState } from '../ui/parts/notices.ts'
import { moment, money, name, number } from '../ui/parts/values.ts'
import { toSearchQuery } from './routes.ts'
import { type Category, categorySchema, readSearch, type SearchResult } from './search.ts'

const typedText = t.Optional(t.String({ maxLength: 100 }))
const maxOfEachCategory = 10 // on the page, of each category
const maxOfOneCategory = 50
const maxSuggestions = 4 // under the box, of each category

export const searchPages = (app: App) => {
  const read = async (asked: Parameters<typeof toSearchQuery>[0], who: Parameters<typeof toSearchQuery>[1]) => {
    const found = await readSearch(app, toSearchQuery(asked, who))
    return answerValue(found)
  }
  return pageRouter(app)
    .get(
      '/search',
      async ({ query: { q = '', category }, who }) => {
        const limit = category ? maxOfOneCategory : maxOfEachCategory
        const found = q.trim() ? await read({ q, category, limit }, who) : undefined
        const body = searchBody(q.trim(), found, category, limit)
        return page({ title: q.trim() ? `Search: ${q.trim()}` : 'Search', who, body })
      },
      { query: t.Object({ q: typedText, category: categorySchema }), may: 'reader', counted: true },
    )
    .get(
      '/search/part',
      async ({ query: { q = '' }, who }) =>
        htmlResponse(q.trim() ? suggestions(q.trim(), await read({ q, limit: maxSuggestions }, who)) : html``),
      { query: t.Object({ q: typedText }), may: 'reader', counted: true },
    )
}

const searchBody = (
  q: string,
  found: SearchResult | undefined,
  category: Category | undefined,
  limit: number,
): Html => html`<header class="head"><h1>Search</h1></header>
<form class="search" method="get" action="/search" role="search" aria-label="On this page">
<input type="search" name="q" id="search-q" value="${q}" placeholder="A name, a symbol, a league" aria-label="Search everything" maxlength="100" autocomplete="off" data-find${!q && html` autofocus`} />
</form>
${found && results(q, groupHits(found), category, limit)}`

function results(q: string, groups: readonly HitGroup[], category: Category | undefined, limit: number): Content {
  const all = html`<a href="${address('/search', { q })}">Search everything</a>`
  if (groups.length === 0)
    return emptyState(
      'Nothing found',
      html`Nothing that you can see matches “${q}”. Each word has to be the start of a word of the name.`,
      category && all,
    )
  return html`${category && html`<p>${all}</p>`}${groups.map(
    group => html`<section class="part">
<h2>${group.title}</h2>
<ul class="found">${group.found.map(each => html`<li><a href="${each.path}">${name(each.name)}</a>${each.note && html` <small>${each.note}</small>`}</li>`)}</ul>
${group.found.length === limit && html`<p class="quiet">${category ? `At most ${limit} are listed, the best matches first. Type more of the name.` : html`<a href="${address('/search', { q, category: group.category })}">More ${group.title.toLowerCase()}</a>`}</p>`}
</section>`,
  )}`
}

/** Options of a listbox: the box's script moves among them. */
function suggestions(q: string, found: SearchResult): Html {
  const groups = groupHits(found)
  let option = 0
  const shown = (each: SearchHit) =>
    html`<a role="option" aria-selected="false" tabindex="-1" id="find-option-${option++}" href="${each.path}">${name(each.name)}${each.note && html` <small>${each.note}</small>`}</a>`
  return html`${groups.map(({ title, found }) => html`<div role="group" aria-label="${title}"><p aria-hidden="true">${title}</p>${found.map(shown)}</div>`)}
${shown({ path: address('/search', { q }), name: groups.length ? `Everything for “${q}”` : `Nothing found for “${q}”` })}`
}

/** A result as a link; `note`: what distinguishes it from others of the same name. */
type SearchHit = { path: string; name: string; note?: Content }
type HitGroup = { category: Category; title: string; found: SearchHit[] }

/** The categories with results. */
function groupHits({ players, leagues, users, symbols, tours, staff, runs }: SearchResult): HitGroup[] {
  const groups: HitGroup[] = [
    {
      category: 'players',
      title: 'Players',
      found: (players ?? []).map(({ player_id, name: called, rank, league }) => ({
        path: `/leagues/${league.id}/players/${encodeURIComponent(player_id)}`,
        name: called || player_id,
        note: html`${rank !== null && html`#${number(rank)} in `}${name(league.name)}`,
      })),
    },
    {
      category: 'leagues',
      title: 'Leagues',
      found: (leagues ?? []).map(({ id, name, status }) => ({ path: `/leagues/${id}`, name, note: status })),
    },
    {
      category: 'users',
      title: 'People',
      found: (users ?? []).map(({ id, username }) => ({ path: `/people/${id}`, name: username })),
    },
    {
      category: 'symbols',
      title: 'Symbols',
      found: (symbols ?? []).map(({ symbol, price_cents }) => ({
        path: `/quotes/${encodeURIComponent(symbol)}`,
        name: symbol,
        note: money(price_cents),
      })),
    },
    {
      category: 'tours',
      title: 'Tours',
      found: (tours ?? []).map(({ slug, name }) => ({ path: `/tours/${slug}`, name })),
    },
    {
      category: 'staff',
      title: 'Staff',
      found: (staff ?? []).map(({ id, name, active }) => ({
        path: `/rota/staff/${id}`,
        name,
        note: !active && 'not scheduled',
      })),
    },
    {
      category: 'runs',
      title: 'Runs',
      found: (runs ?? []).map(({ job_id, name, status, created_at }) => ({
        path: jobPath(job_id),
        name: jobTitle(name),
        note: html`${status.toLowerCase()}, ${moment(created_at)}`,
      })),
    },
  ]
  return groups.filter(({ found }) => found.length > 0)
}
