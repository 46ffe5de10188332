import type { Redis } from 'ioredis'
import type { Clock } from '../clock.ts'
import { withTimeout } from '../process/with-timeout.ts'
import type { CacheStore } from './cache.ts'
import type { Kept } from './kept.ts'

/** How long an answer waits for Redis before it is loaded instead, and how long Redis is then left alone. Milliseconds. */
const patience = 250
const restAfterFailure = 2_000

/** Redis behind memory: what this process has not seen, another may have loaded. Down or slow, it is simply not there. */
export function redisStore(redis: Redis, prefix: string, memory: CacheStore, clock: Clock): CacheStore {
  let restingUntil = 0
  const usable = () => redis.status === 'ready' && performance.now() >= restingUntil
  const failed = () => {
    restingUntil = performance.now() + restAfterFailure
  }

  async function fetch(key: string): Promise<Kept | undefined> {
    const text = await withTimeout(redis.get(prefix + key), patience, failed).catch(failed)
    if (!text) return undefined
    const [at, freshUntil, usableUntil, json] = JSON.parse(text) as [number, number, number, string]
    const kept = { value: JSON.parse(json), json, at, freshUntil, usableUntil }
    memory.set(key, kept)
    return kept
  }

  return {
    mode: 'redis',
    near: memory.near,
    far: key => (usable() ? fetch(key) : undefined),
    set(key, kept) {
      memory.set(key, kept)
      if (!usable()) return
      const { at, freshUntil, usableUntil, json } = kept
      const life = Math.max(1, Math.ceil(usableUntil - clock.now()))
      redis.set(prefix + key, JSON.stringify([at, freshUntil, usableUntil, json]), 'PX', life).catch(failed)
    },
    clear: () => memory.clear(),
    connected: () => redis.status === 'ready',
    usage: () => memory.usage(),
    close: () => memory.close(),
  }
}
