/** Redis is told of once it has been gone for a while, and then at once: a second's outage is nobody's alarm. */
import { atomically } from '../../db/transactions.ts'
import { raise } from '../alerts.ts'
import type { App } from '../context.ts'
import { messageOf } from '../errors.ts'
import { second } from '../platform/clock.ts'
import { withTimeout } from '../platform/process/with-timeout.ts'

const toldAfter = 10 * second

const goneRedis = {
  key: 'cache_error:redis',
  type: 'cache_error',
  severity: 'error',
  title: 'Redis cannot be reached',
} as const

/** Since when this process has not reached Redis. */
const goneSince = new WeakMap<App, number>()

/** Asks Redis. The alert, where it has been gone for long enough. */
export async function alertOfGoneRedis(app: App): Promise<(typeof goneRedis & { message: string }) | undefined> {
  const { redis, clock } = app
  if (!redis) return undefined
  try {
    await withTimeout(redis.ping())
    goneSince.delete(app)
    return undefined
  } catch (error) {
    const now = clock.now()
    const since = goneSince.get(app) ?? now
    goneSince.set(app, since)
    if (now - since < toldAfter) return undefined
    const why = messageOf(error)
    return { ...goneRedis, message: `Answers are slower and jobs wait until it is back; nothing is lost. (${why})` }
  }
}

/** Call the answer every few seconds: the job that looks at the conditions does not come while Redis is gone. */
export function openRedisWatch(app: App): () => Promise<void> {
  let isTold = false
  return async () => {
    const alert = await alertOfGoneRedis(app)
    if (alert && !isTold) await atomically(app.db, tx => raise(tx, app.clock.now(), alert))
    isTold = alert !== undefined
  }
}
