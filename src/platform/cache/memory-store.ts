import { LRUCache } from 'lru-cache'
import type { CacheStore, StoredAnswer } from './cache-store.ts'

type Version = { readonly key: string; readonly answer: StoredAnswer }

/**
 * Holds values of this process and evicts the least recently used ones beyond a budget of bytes. Only the newest version of
 * each answer is stored: a key ends with `|` and its version, and nobody asks for an older one again.
 */
export function memoryStore(budgetMb = 32): CacheStore {
  const versions = new LRUCache<string, Version>({
    maxSize: budgetMb * 1024 * 1024,
    sizeCalculation: ({ key, answer }) => 3 * answer.json.length + key.length + 100, // text, parsed value, compressed forms
  })
  const withoutVersion = (key: string) => key.slice(0, key.lastIndexOf('|'))
  return {
    mode: 'memory',
    local(key) {
      const version = versions.get(withoutVersion(key))
      return version?.key === key ? version.answer : undefined
    },
    set: (key, answer) => void versions.set(withoutVersion(key), { key, answer }),
    connected: () => true,
    usage: () => ({ keys: versions.size, bytes: versions.calculatedSize }),
  }
}
