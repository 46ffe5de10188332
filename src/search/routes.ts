import { Elysia, t } from 'elysia'
import { cached } from '../cached.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { visibilityKey } from '../leagues/visibility.ts'
import { access } from '../platform/http/access.ts'
import { describe } from '../platform/http/route-docs.ts'
import { categories, search, searchSchema } from './search.ts'

export const searchQuery = t.Object({
  q: t.String({ minLength: 1, maxLength: 100 }),
  category: t.Optional(t.Union(categories.map(category => t.Literal(category)))),
  limit: t.Optional(t.Integer({ default: 10, description: 'Of each category, at most 50' })),
})

export const searchRoutes = (app: App) =>
  new Elysia({ tags: ['search'] }).use(access(app)).get(
    '/search',
    ({ query: { q: written, category, limit = 10 }, who }) => {
      if (category === 'users' && !who) refuse('unauthorized', 'Users are found by who is signed in')
      const q = written.trim().replaceAll(/\s+/g, ' ')
      const asked = {
        q,
        categories: category ? [category] : categories,
        who,
        limit: Math.max(1, Math.min(limit, 50)),
      }
      const scope = [q, category ?? '', who ? 'signed in' : 'stranger', visibilityKey(app.db, who), asked.limit]
      return app.cache.read(cached.search, scope, () => search(app, asked))
    },
    {
      query: searchQuery,
      may: 'reader',
      counted: true,
      detail: describe('Players, leagues, symbols and users by how their names begin', searchSchema, {
        description: 'What is found is kept for an hour: what is newer than that may be missing.',
      }),
    },
  )
