import { Elysia } from 'elysia'
import { access } from '../../access.ts'
import type { App } from '../../context.ts'
import { says } from '../../runtime/docs.ts'
import { redisStats, redisStatsSchema } from './stats.ts'

export const redisRoutes = (app: App) =>
  new Elysia({ tags: ['admin'] }).use(access(app)).get('/admin/redis-stats', () => redisStats(app), {
    may: 'admin',
    detail: says('Redis by its own account, or what stands in its place', redisStatsSchema),
  })
