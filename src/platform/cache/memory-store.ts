import { LRUCache } from 'lru-cache'
import type { CacheStore } from './cache.ts'
import type { Kept } from './kept.ts'

/** Values of this process, the least recently used forgotten beyond a budget of bytes. */
export function memoryStore(budgetMb = 32): CacheStore {
  const kept = new LRUCache<string, Kept>({
    maxSize: budgetMb * 1024 * 1024,
    sizeCalculation: ({ json }, key) => 3 * json.length + key.length + 100, // text, parsed value, compressed forms
  })
  return {
    mode: 'memory',
    near: key => kept.get(key),
    set: (key, value) => void kept.set(key, value),
    clear: () => kept.clear(),
    connected: () => true,
    usage: () => ({ keys: kept.size, bytes: kept.calculatedSize }),
    close: async () => kept.clear(),
  }
}
