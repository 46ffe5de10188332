import type { Redis } from 'ioredis'
import type { Clock } from '../clock.ts'
import { withTimeout } from '../process/with-timeout.ts'
import type { CacheStore, StoredAnswer } from './cache-store.ts'

/** Milliseconds that a read waits for Redis before it loads the value itself, and that Redis is then skipped. */
const timeout = 250
const pauseAfterFailure = 2_000

/** Redis behind memory: another process may have loaded what this one has not. While Redis is down or slow it is skipped. */
export function redisStore(redis: Redis, prefix: string, memory: CacheStore, clock: Clock): CacheStore {
  let pausedUntil = 0
  const usable = () => redis.status === 'ready' && performance.now() >= pausedUntil
  const failed = () => {
    pausedUntil = performance.now() + pauseAfterFailure
  }

  async function fetch(key: string): Promise<StoredAnswer | undefined> {
    const text = await withTimeout(redis.get(prefix + key), timeout, failed).catch(failed)
    if (!text) return undefined
    const [at, freshUntil, usableUntil, json] = JSON.parse(text) as [number, number, number, string]
    const answer = { value: JSON.parse(json), json, at, freshUntil, usableUntil }
    memory.set(key, answer)
    return answer
  }

  return {
    mode: 'redis',
    local: memory.local,
    remote: key => (usable() ? fetch(key) : undefined),
    set(key, answer) {
      memory.set(key, answer)
      if (!usable()) return
      const { at, freshUntil, usableUntil, json } = answer
      const life = Math.max(1, Math.ceil(usableUntil - clock.now()))
      redis.set(prefix + key, JSON.stringify([at, freshUntil, usableUntil, json]), 'PX', life).catch(failed)
    },
    connected: () => redis.status === 'ready',
    usage: () => memory.usage(),
  }
}
