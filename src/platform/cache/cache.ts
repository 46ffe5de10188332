/**
 * All cached answers are read with `cache.read(entry, scope, load)`. Cache-aside: readers of the same key share one load. Null
 * is cached; undefined is not, so that strangers cannot fill the cache by asking for things that do not exist. A stale answer
 * is served while a fresh one loads, and lifetimes are jittered so that they do not end together. The store only holds
 * values: with Redis down or the store emptied, answers are slower, never wrong.
 */
import { Refusal } from '../../errors.ts'
import { type Clock, type Duration, isAhead, ms } from '../clock.ts'
import { type CacheStore, isFresh, type StoredAnswer } from './cache-store.ts'
import type { RefreshedAnswers } from './refreshed.ts'
import type { Stamps } from './stamps.ts'

type Scope = readonly (string | number)[]

/** A kind of cached answer: its name, its lifetime, and the topics whose stamps are part of its key. */
export type CacheEntry = {
  readonly name: string
  readonly life: number // ms
  readonly topics: readonly Topic[]
  /** A refresh by one process counts in all of them. */
  readonly shared: boolean
}

/** A topic has a stamp for each first part of the scope, or a single one with `anyScope('leagues')`. */
type Topic = string | { readonly all: string }
export const anyScope = (topic: string): Topic => ({ all: topic })

export const cacheEntry = (
  name: string,
  life: Duration,
  topics: readonly Topic[] = [],
  { shared = false } = {},
): CacheEntry => ({ name, life: ms(life), topics, shared })

export type CacheState = 'hit' | 'miss' | 'stale'

/** What `read` returns: the value, whether it was a hit, and a tag that changes whenever the value may have changed. */
export class CacheResult<T> {
  /** Epoch of the stamps when it was last found to be current. */
  epoch = -1
  constructor(
    readonly stored: StoredAnswer<T>,
    readonly state: CacheState,
    readonly key: string,
    readonly entry: CacheEntry,
    readonly scope: Scope,
  ) {}
  get value(): T {
    return this.stored.value
  }
  /** Changes whenever the value may have changed: a shared answer is refreshed under the same key. */
  get tag(): string {
    return this.entry.shared ? `${this.key}|${Bun.hash(this.stored.json)}` : this.key
  }
  /** A variant for one moment only, as it shows the age of something. `moment` becomes part of its key. */
  at<U>(moment: string | number, value: U): CacheResult<U> {
    const stored = { ...this.stored, value, json: JSON.stringify(value) }
    return new CacheResult(stored, this.state, `${this.key}|${moment}`, { ...this.entry }, this.scope)
  }
}

/** The value of an answer that was read through the cache, or past it. */
export const answerValue = <T>(answer: CacheResult<T> | T): T => (answer instanceof CacheResult ? answer.value : answer)

/** `DELETE stats/cache` bumps this topic for `leaderboard`, or for `leaderboard:5` to drop only league 5. */
export const clearedTopic = 'cache'

const noStats = () => ({
  hits: 0,
  misses: 0,
  stale: 0,
  loads: 0,
  failures: 0,
  sets: 0,
  /** Stored values dropped because their data changed or by `DELETE stats/cache`. */
  deletes: 0,
  /** Those of the deletes that a change of the data caused. */
  invalidations: 0,
  load_ms: 0,
  bytes: 0,
})
export type EntryStats = ReturnType<typeof noStats>

export class Cache {
  readonly stats = new Map<string, EntryStats>()
  /** Names of the entries read so far, by the topics they depend on. */
  private readonly entriesOf = new Map<string, Set<string>>()
  private readonly loading = new Map<string, Promise<StoredAnswer>>()

  constructor(
    private readonly store: CacheStore,
    private readonly stamps: Stamps,
    private readonly clock: Clock,
    private readonly refreshed: RefreshedAnswers,
    private readonly random: () => number = Math.random,
  ) {
    stamps.onChange = (topic, scope) => this.countChange(topic, scope)
  }

  /** With `until` (ms since 1970) the answer is not fresh beyond that time, because it changes by itself then. */
  async read<T>(
    entry: CacheEntry,
    scope: Scope,
    load: () => T | Promise<T>,
    until = Number.POSITIVE_INFINITY,
  ): Promise<CacheResult<T>> {
    const key = this.keyOf(entry, scope)
    const stats = this.trackedStats(entry)
    let stored = this.localAnswer(entry, key) as StoredAnswer<T> | undefined
    // Another process may have a fresher copy.
    if (!entry.shared && (!stored || !isFresh(stored, this.clock.now())))
      stored = ((await this.remoteAnswer(key)) as StoredAnswer<T> | undefined) ?? stored
    const now = this.clock.now()
    if (stored && isFresh(stored, now)) {
      stats.hits++
      return new CacheResult(stored, 'hit', key, entry, scope)
    }
    if (stored && now < stored.usableUntil && !isAhead(stored.at, now)) {
      stats.stale++
      this.load(entry, key, load, until).catch(() => {}) // counted; the stale value is the answer
      return new CacheResult(stored, 'stale', key, entry, scope)
    }
    stats.misses++
    return new CacheResult(await this.load(entry, key, load, until), 'miss', key, entry, scope)
  }

  /** A text for one reader only. The store does not keep it, but while its stamps hold the reader may be given it again. */
  async forOne(
    entry: CacheEntry,
    scope: Scope,
    make: () => Promise<string>,
    until = Number.POSITIVE_INFINITY,
  ): Promise<CacheResult<string>> {
    const key = this.keyOf(entry, scope)
    const stats = this.trackedStats(entry)
    const began = performance.now()
    stats.misses++
    stats.loads++
    const value = await make()
    stats.load_ms += performance.now() - began
    return new CacheResult({ value, json: value, ...this.lifetimeFor(entry, until) }, 'miss', key, entry, scope)
  }

  /** Loads even if a fresh value is stored: for entries that are refreshed before they expire. */
  async refresh<T>(entry: CacheEntry, scope: Scope, load: () => T | Promise<T>): Promise<CacheResult<T>> {
    const key = this.keyOf(entry, scope)
    const stored = await this.load(entry, key, load)
    if (entry.shared) await this.refreshed.store(key, stored, this.clock.now())
    return new CacheResult(stored, 'miss', key, entry, scope)
  }

  /** Extends the life of a stored value without loading it; false if there is none. */
  async renew(entry: CacheEntry, scope: Scope): Promise<boolean> {
    const key = this.keyOf(entry, scope)
    const stored = this.localAnswer(entry, key) ?? (await this.remoteAnswer(key))
    if (!stored) return false
    const renewed = { ...stored, ...this.lifetimeFor(entry) }
    this.store.set(key, renewed)
    if (entry.shared) await this.refreshed.store(key, renewed, this.clock.now())
    return true
  }

  /** Whether `read` would be a hit in this process right now. */
  holds(entry: CacheEntry, scope: Scope): boolean {
    const stored = this.store.local(this.keyOf(entry, scope))
    return stored !== undefined && isFresh(stored, this.clock.now())
  }

  /** Whether the data behind this answer is unchanged. `at` is a time of performance.now(). */
  isCurrent(result: CacheResult<unknown>, at?: number): boolean {
    const epoch = this.stamps.currentEpoch(at)
    if (result.epoch === epoch) return true
    if (this.keyOf(result.entry, result.scope) !== result.key) return false
    result.epoch = epoch
    return true
  }

  usage() {
    this.stamps.readChanges() // so that deletes are counted
    return { mode: this.store.mode, connected: this.store.connected(), ...this.store.usage() }
  }

  private countChange(topic: string, scope: string): void {
    if (topic === clearedTopic) {
      const [name = ''] = scope.split(':')
      if (this.stats.has(name)) this.statsOf(name).deletes++
    } else
      for (const name of this.entriesOf.get(topic) ?? []) {
        const stats = this.statsOf(name)
        stats.deletes++
        stats.invalidations++
      }
  }

  /** Statistics of an entry that is read. Its first read also starts the count of its invalidations. */
  private trackedStats({ name, topics }: CacheEntry): EntryStats {
    if (!this.stats.has(name))
      for (const topic of topics) {
        const topicName = typeof topic === 'string' ? topic : topic.all
        const names = this.entriesOf.get(topicName) ?? new Set()
        this.entriesOf.set(topicName, names.add(name))
      }
    return this.statsOf(name)
  }

  statsOf(name: string): EntryStats {
    let stats = this.stats.get(name)
    if (!stats) this.stats.set(name, (stats = noStats()))
    return stats
  }

  keyOf(entry: CacheEntry, scope: Scope): string {
    const first = String(scope[0] ?? '')
    const version = this.stamps.versionOf([
      [clearedTopic, entry.name],
      [clearedTopic, `${entry.name}:${first}`],
      ...entry.topics.map(topic =>
        typeof topic === 'string' ? ([topic, first] as const) : ([topic.all, ''] as const),
      ),
    ])
    return `${entry.name}|${scope.join('|')}|${version}`
  }

  private localAnswer({ shared }: CacheEntry, key: string): StoredAnswer | undefined {
    const local = this.store.local(key)
    if (!shared) return local
    const newest = this.refreshed.newest(key, local, this.clock.now())
    if (newest && newest !== local) this.store.set(key, newest)
    return newest
  }

  /** While this waits for the store, another reader may have loaded the value in this process. */
  private async remoteAnswer(key: string) {
    return (await this.store.remote?.(key)) ?? this.store.local(key)
  }

  private load<T>(
    entry: CacheEntry,
    key: string,
    load: () => T | Promise<T>,
    until = Number.POSITIVE_INFINITY,
  ): Promise<StoredAnswer<T>> {
    const running = this.loading.get(key) as Promise<StoredAnswer<T>> | undefined
    if (running) return running
    const started = (async () => {
      const stats = this.statsOf(entry.name)
      const began = performance.now()
      try {
        stats.loads++
        const value = await load()
        const stored: StoredAnswer<T> = {
          value,
          json: JSON.stringify(value ?? null),
          ...this.lifetimeFor(entry, until),
        }
        stats.load_ms += performance.now() - began
        if (value === undefined) return stored
        stats.sets++
        stats.bytes += stored.json.length
        this.store.set(key, stored)
        return stored
      } catch (error) {
        if (!(error instanceof Refusal)) stats.failures++ // a refusal is not a failure
        throw error
      }
    })()
    this.loading.set(key, started)
    const done = () => this.loading.delete(key)
    started.then(done, done)
    return started
  }

  private lifetimeFor({ life }: CacheEntry, until = Number.POSITIVE_INFINITY) {
    const at = this.clock.now()
    const lifetime = life * (0.9 + 0.1 * this.random()) // never longer than the table says
    const freshUntil = Math.min(at + lifetime, until)
    return { at, freshUntil, usableUntil: Math.min(freshUntil + life / 2, until) }
  }
}
