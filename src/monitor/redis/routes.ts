import { Elysia } from 'elysia'
import type { App } from '../../context.ts'
import { access } from '../../platform/http/access.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { redisStats, redisStatsSchema } from './stats.ts'

export const redisRoutes = (app: App) =>
  new Elysia({ tags: ['admin'] }).use(access(app)).get('/admin/redis-stats', () => redisStats(app), {
    may: 'admin',
    detail: describe('Redis by its own account, or what stands in its place', redisStatsSchema),
  })
