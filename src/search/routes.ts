import { t } from 'elysia'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { apiRouter, isAtLeast } from '../platform/http/access.ts'
import type { Who } from '../platform/http/request-context.ts'
import { describe } from '../platform/http/route-docs.ts'
import { type Category, categories, categorySchema, readSearch, type SearchQuery, searchSchema } from './search.ts'

const searchQuery = t.Object({
  q: t.String({ minLength: 1, maxLength: 100 }),
  category: categorySchema,
  limit: t.Optional(t.Integer({ default: 10, description: 'Of each category, at most 50' })),
})

const maxLimit = 50

/** What is meant by what was typed. */
export function toSearchQuery(
  { q, category, limit = 10 }: { q: string; category?: Category; limit?: number },
  who: Who | undefined,
): SearchQuery {
  return {
    q: q.trim().replaceAll(/\s+/g, ' '),
    categories: category ? [category] : categories,
    who,
    limit: Math.max(1, Math.min(limit, maxLimit)),
  }
}

export const searchRoutes = (app: App) =>
  apiRouter(app, '/api/v1', 'search').get(
    '/search',
    ({ query, who }) => {
      const { category } = query
      if (category === 'users' && !who) refuse('unauthorized', 'Sign in to search users')
      if (category === 'staff' && !isAtLeast(who, 'officer'))
        refuse('forbidden', 'Only officers can search the people of the rota')
      if (category === 'runs' && !isAtLeast(who, 'admin')) refuse('forbidden', 'Only admins can search runs')
      return readSearch(app, toSearchQuery(query, who))
    },
    {
      query: searchQuery,
      may: 'reader',
      counted: true,
      detail: describe(
        'Search players, leagues, symbols, tours, users, people of the rota and runs by the start of words in their names',
        searchSchema,
        {
          description: 'Results are cached for an hour, so newer things may be missing. Runs are always current.',
        },
      ),
    },
  )
