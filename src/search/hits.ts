/** Search results as links: the path of each, and what distinguishes it from others of the same name. */

import { type Content, html } from '../platform/html.ts'
import { jobPath, jobTitle } from '../runs/job-titles.ts'
import { moment, money, name, number } from '../ui/parts/values.ts'
import type { Category, SearchResult } from './search.ts'

export type SearchHit = { path: string; name: string; note?: Content }
export type HitGroup = { category: Category; title: string; found: SearchHit[] }

/** The categories with results. */
export function groupHits({ players, leagues, users, symbols, tours, staff, runs }: SearchResult): HitGroup[] {
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
