import { LRUCache } from 'lru-cache'
import type { CacheStore } from './cache.ts'
import type { Kept } from './kept.ts'

type Version = { readonly key: string; readonly kept: Kept }

/**
 * Holds values of this process and evicts the least recently used ones beyond a budget of bytes. Only the newest version of
 * each answer is kept: a key ends with `|` and its version, and nobody asks for an older one again.
 */
export function memoryStore(budgetMb = 32): CacheStore {
  const versions = new LRUCache<string, Version>({
    maxSize: budgetMb * 1024 * 1024,
    sizeCalculation: ({ key, kept }) => 3 * kept.json.length + key.length + 100, // text, parsed value, compressed forms
  })
  const answerOf = (key: string) => key.slice(0, key.lastIndexOf('|'))
  return {
    mode: 'memory',
    near(key) {
      const version = versions.get(answerOf(key))
      return version?.key === key ? version.kept : undefined
    },
    set: (key, kept) => void versions.set(answerOf(key), { key, kept }),
    clear: () => versions.clear(),
    connected: () => true,
    usage: () => ({ keys: versions.size, bytes: versions.calculatedSize }),
    close: async () => versions.clear(),
  }
}
