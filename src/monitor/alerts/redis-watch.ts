/** An alert once Redis has been unreachable for a while, and then at once: an outage of a second needs no alarm. */
import { atomically } from '../../../db/transactions.ts'
import { raiseAlert } from '../../alerts.ts'
import { type App, oncePerApp } from '../../context.ts'
import { messageOf } from '../../errors.ts'
import { second } from '../../platform/clock.ts'
import { withTimeout } from '../../platform/process/with-timeout.ts'

const alertAfter = 10 * second

const unreachableRedis = {
  key: 'cache_error:redis',
  type: 'cache_error',
  severity: 'error',
  title: 'Redis cannot be reached',
} as const

/** Since when this process has not reached Redis. */
const outage = oncePerApp((): { since: number | undefined } => ({ since: undefined }))

/** Checks Redis. Returns the alert if it has been unreachable for long enough. */
export async function alertOfUnreachableRedis(
  app: App,
): Promise<(typeof unreachableRedis & { message: string }) | undefined> {
  const { redis, clock } = app
  if (!redis) return undefined
  try {
    await withTimeout(redis.ping())
    outage(app).since = undefined
    return undefined
  } catch (error) {
    const now = clock.now()
    const since = (outage(app).since ??= now)
    if (now - since < alertAfter) return undefined
    const why = messageOf(error)
    return {
      ...unreachableRedis,
      message: `Answers are slower and jobs wait until it is back; nothing is lost. (${why})`,
    }
  }
}

/** Call the returned function every few seconds: the job that checks conditions does not run while Redis is down. */
export function openRedisWatch(app: App): () => Promise<void> {
  let isRaised = false
  return async () => {
    const alert = await alertOfUnreachableRedis(app)
    if (alert && !isRaised) await atomically(app.db, tx => raiseAlert(tx, app.clock.now(), alert))
    isRaised = alert !== undefined
  }
}
