import { once } from 'node:events'
import type { Redis } from 'ioredis'
import type { Log } from './process/log.ts'
import { withTimeout } from './process/with-timeout.ts'

export type Connect = (how?: { blocking?: boolean }) => Redis

const longestRetry = 2_000 // ms

/**
 * Connections to Redis. A default client hangs when Redis is down: these fail fast and reconnect by themselves.
 * `blocking` is for workers, which block on purpose.
 */
export async function openRedis(url: string, log: Log) {
  const { Redis } = await import('ioredis')
  const clients: Redis[] = []
  const { host } = new URL(url)
  const failing = new Set<Redis>() // all connections fail together, which is logged once
  let onReturn = () => {}
  let returned: ReturnType<typeof setTimeout> | undefined
  const connect: Connect = ({ blocking = false } = {}) => {
    const client = new Redis(url, {
      maxRetriesPerRequest: blocking ? null : 1,
      enableOfflineQueue: blocking,
      connectTimeout: 1_000,
      retryStrategy: attempt => Math.min(100 * 2 ** Math.min(attempt, 5), longestRetry),
    })
    let wasReady = false
    client.on('error', error => {
      if (failing.size === 0)
        log.warn(`Redis at ${host} cannot be reached; it is tried again until it answers`, { error: error.message })
      failing.add(client)
    })
    client.on('ready', () => {
      const hasFailed = failing.delete(client)
      if (hasFailed && failing.size === 0) log.info('Redis is back')
      if (hasFailed || wasReady) {
        clearTimeout(returned)
        returned = setTimeout(() => onReturn(), 1.5 * longestRetry)
      }
      wasReady = true
    })
    client.on('end', () => failing.delete(client)) // it is not connected again
    clients.push(client)
    return client
  }
  return {
    connect,
    /**
     * Refuses a Redis that rejects our login, as it would again later, and one that may evict keys, as jobs would be lost.
     * Waits at most a second for its answer.
     */
    async requireNoEviction(client: Redis) {
      const evictionPolicy = async () => {
        if (client.status !== 'ready') await once(client, 'ready')
        const [, policy] = (await client.config('GET', 'maxmemory-policy')) as string[]
        return policy
      }
      const policy = await withTimeout(evictionPolicy(), 1_000, () => {}).catch(error => {
        const reason = error instanceof Error ? error.message : ''
        if (/^(NOAUTH|WRONGPASS|ERR (DB index|invalid password|AUTH))/.test(reason))
          throw new Error(
            `Redis refuses what REDIS_URL says (${reason.split(/[,.:]/)[0]}); look at its user, password and database`,
          )
        return undefined
      })
      if (policy && policy !== 'noeviction')
        throw new Error(`Redis evicts keys (maxmemory-policy ${policy}); set it to noeviction, or jobs may be lost`)
    },
    /** Called once all connections had the time to come back: a Redis that was restarted may have lost what it held. */
    whenBack(callback: () => void) {
      onReturn = callback
    },
    close: () => {
      clearTimeout(returned)
      for (const client of clients) client.disconnect()
    },
  }
}
