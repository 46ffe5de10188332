import { expect, test } from 'bun:test'
import { openDatabase } from '../db/open.ts'
import { atomically } from '../db/transactions.ts'
import { outcome } from '../packages/bullmq-sqlite/test/outcome.ts'
import { anyScope, Cache, cacheEntry } from '../src/platform/cache/cache.ts'
import type { CacheStore } from '../src/platform/cache/cache-store.ts'
import { memoryStore } from '../src/platform/cache/memory-store.ts'
import { redisStore } from '../src/platform/cache/redis-store.ts'
import { RefreshedAnswers } from '../src/platform/cache/refreshed.ts'
import { Stamps, touch } from '../src/platform/cache/stamps.ts'
import { openRedis } from '../src/platform/redis.ts'
import { redisTest } from './needs.ts'
import { startRedis } from './redis.ts'
import { afterTest, readableLog, temporaryFolder, turnableClock, until } from './start.ts'

type MakeStore = (clock: ReturnType<typeof turnableClock>) => CacheStore | Promise<CacheStore>

/** The contract of a cache, for every store. */
function contract(name: string, storeTest: typeof test, make: MakeStore) {
  async function open() {
    const clock = turnableClock()
    const db = openDatabase(temporaryFolder())
    afterTest(() => db.$client.close())
    return { clock, db, cache: new Cache(await make(clock), new Stamps(db), clock, new RefreshedAnswers(db)) }
  }
  const board = cacheEntry('board', '5m', ['scores'])
  const countedLoad = () => {
    let calls = 0
    return { load: async () => ++calls, calls: () => calls }
  }

  storeTest(`${name}: a second read is a hit`, async () => {
    const { cache } = await open()
    const { load } = countedLoad()
    expect(await cache.read(board, [1, 'a'], load)).toMatchObject({ value: 1, state: 'miss' })
    expect(await cache.read(board, [1, 'a'], load)).toMatchObject({ value: 1, state: 'hit' })
    expect(cache.stats.get('board')).toMatchObject({ hits: 1, misses: 1, loads: 1, sets: 1 })
  })

  storeTest(`${name}: null is an answer worth keeping`, async () => {
    const { cache } = await open()
    let loads = 0
    const load = () => {
      loads++
      return null
    }
    await cache.read(board, [1], load)
    expect(await cache.read(board, [1], load)).toMatchObject({ value: null, state: 'hit' })
    expect(loads).toBe(1)
  })

  storeTest(`${name}: however many ask at once, one loads`, async () => {
    const { cache } = await open()
    const { load, calls } = countedLoad()
    const answers = await Promise.all(Array.from({ length: 50 }, () => cache.read(board, [1], load)))
    expect(new Set(answers.map(({ value }) => value))).toEqual(new Set([1]))
    expect(calls()).toBe(1)
  })

  storeTest(`${name}: a change is seen by the very next read, and only of what it touched`, async () => {
    const { cache, db } = await open()
    const { load } = countedLoad()
    await cache.read(board, [1], load)
    await cache.read(board, [2], load)
    await atomically(db, tx => touch(tx, 'scores', 1))
    expect((await cache.read(board, [1], load)).state).toBe('miss')
    expect((await cache.read(board, [2], load)).state).toBe('hit')
  })

  storeTest(`${name}: a dropped answer takes no memory once it is loaded again`, async () => {
    const { cache, db } = await open()
    const { load } = countedLoad()
    for (const scope of [1, 2]) await cache.read(board, [scope, 'a|b'], load)
    const { keys, bytes } = cache.usage()
    await atomically(db, tx => touch(tx, 'scores', 1))
    await cache.read(board, [1, 'a|b'], load)
    expect(cache.usage()).toMatchObject({ keys, bytes })
  })

  storeTest(`${name}: a change that is rolled back drops nothing`, async () => {
    const { cache, db } = await open()
    const { load } = countedLoad()
    await cache.read(board, [1], load)
    const change = atomically(db, tx => {
      touch(tx, 'scores', 1)
      throw new Error('no')
    })
    expect(await outcome(change)).toThrow('no')
    expect((await cache.read(board, [1], load)).state).toBe('hit')
  })

  storeTest(`${name}: a slow load that started before a change is never served after it`, async () => {
    const { cache, db } = await open()
    const slow = Promise.withResolvers<string>()
    const early = cache.read(board, [1], () => slow.promise)
    await atomically(db, tx => touch(tx, 'scores', 1))
    slow.resolve('old')
    await early
    expect(await cache.read(board, [1], () => 'new')).toMatchObject({ value: 'new', state: 'miss' })
    expect(await cache.read(board, [1], () => 'newer')).toMatchObject({ value: 'new', state: 'hit' })
  })

  storeTest(
    `${name}: an expired value is served stale while one refresh runs, and an unusable one not at all`,
    async () => {
      const { cache, clock } = await open()
      const { load, calls } = countedLoad()
      await cache.read(board, [1], load)
      clock.forward(5 * 60_000)
      expect(await cache.read(board, [1], load)).toMatchObject({ value: 1, state: 'stale' })
      await until(async () => (await cache.read(board, [1], load)).value === 2)
      expect(calls()).toBe(2)
      clock.forward(60 * 60_000)
      expect(await cache.read(board, [1], load)).toMatchObject({ value: 3, state: 'miss' })
    },
  )

  storeTest(`${name}: a failed load fails for those who asked, and is not cached`, async () => {
    const { cache } = await open()
    const fail = () => Promise.reject(new Error('down'))
    const asked = [outcome(cache.read(board, [1], fail)), outcome(cache.read(board, [1], fail))]
    for (const result of await Promise.all(asked)) expect(result).toThrow('down')
    expect(await cache.read(board, [1], () => 'up')).toMatchObject({ value: 'up', state: 'miss' })
  })

  storeTest(`${name}: a failing refresh leaves the stale answer`, async () => {
    const { cache, clock } = await open()
    await cache.read(board, [1], () => 'good')
    clock.forward(5 * 60_000)
    const fail = () => Promise.reject(new Error('down'))
    expect(await cache.read(board, [1], fail)).toMatchObject({ value: 'good', state: 'stale' })
    expect(await cache.read(board, [1], fail)).toMatchObject({ value: 'good', state: 'stale' })
  })

  storeTest(`${name}: a topic for all drops every scope`, async () => {
    const { cache, db } = await open()
    const active = cacheEntry('active', '5m', [anyScope('leagues')])
    await cache.read(active, ['sheet'], () => 'a')
    await cache.read(active, ['tour'], () => 'b')
    await atomically(db, tx => touch(tx, 'leagues'))
    expect((await cache.read(active, ['sheet'], () => 'c')).value).toBe('c')
    expect((await cache.read(active, ['tour'], () => 'd')).value).toBe('d')
  })

  storeTest(`${name}: renewing gives another life without a load`, async () => {
    const { cache, clock } = await open()
    const { load } = countedLoad()
    expect(await cache.renew(board, [1])).toBe(false)
    await cache.read(board, [1], load)
    clock.forward(4 * 60_000)
    expect(await cache.renew(board, [1])).toBe(true)
    clock.forward(4 * 60_000)
    expect(await cache.read(board, [1], load)).toMatchObject({ value: 1, state: 'hit' })
  })
}

contract('memory', test, () => memoryStore())
contract('redis', redisTest, async clock => {
  const server = await startRedis()
  return overRedis(server.url, clock)
})

async function overRedis(url: string, clock: ReturnType<typeof turnableClock>) {
  const redis = await openRedis(url, readableLog().log)
  afterTest(() => redis.close())
  const client = redis.connect()
  await until(() => client.status === 'ready')
  return redisStore(client, 'test:', memoryStore(), clock)
}

redisTest('what one process loaded, another finds in Redis', async () => {
  const server = await startRedis()
  const clock = turnableClock()
  const folder = temporaryFolder()
  const caches = await Promise.all(
    [1, 2].map(async () => {
      const db = openDatabase(folder)
      afterTest(() => db.$client.close())
      return new Cache(await overRedis(server.url, clock), new Stamps(db), clock, new RefreshedAnswers(db))
    }),
  )
  const quote = cacheEntry('quote', '1m', ['quote'])
  await caches[0]?.read(quote, ['ACME'], () => ({ price: 7 }))
  const answer = await until(async () => {
    const read = await caches[1]?.read(quote, ['ACME'], () => ({ price: -1 }))
    return read?.state === 'hit' ? read : undefined
  })
  expect(answer.value).toEqual({ price: 7 })
})

redisTest('with Redis frozen or dead answers still come, and Redis is used again when it is back', async () => {
  const server = await startRedis()
  const clock = turnableClock()
  const db = openDatabase(temporaryFolder())
  afterTest(() => db.$client.close())
  const cache = new Cache(await overRedis(server.url, clock), new Stamps(db), clock, new RefreshedAnswers(db))
  const quote = cacheEntry('quote', '1m', ['quote'])
  server.freeze()
  expect((await cache.read(quote, ['A'], () => 1)).value).toBe(1)
  server.thaw()
  await server.kill()
  expect((await cache.read(quote, ['B'], () => 2)).value).toBe(2)
  await until(() => !cache.usage().connected)
  await server.restart()
  await until(() => cache.usage().connected)
  expect((await cache.read(quote, ['C'], () => 3)).value).toBe(3)
})

test('an answer that another process refreshed is fresh here, and an unchanged one only gets a longer life', async () => {
  const clock = turnableClock()
  const folder = temporaryFolder()
  const [one, two] = [1, 2].map(() => {
    const db = openDatabase(folder)
    afterTest(() => db.$client.close())
    return new Cache(memoryStore(), new Stamps(db), clock, new RefreshedAnswers(db))
  }) as [Cache, Cache]
  const counts = cacheEntry('counts', '10m', [], { shared: true })
  const read = async (cache: Cache) => {
    const { value, state, tag } = await cache.read(counts, ['all'], () => 'counted here')
    return { value, state, tag }
  }
  const own = await read(two)
  clock.forward(1_000)
  await one.refresh(counts, ['all'], () => 'refreshed elsewhere')
  const refreshed = await read(two)
  expect(refreshed).toMatchObject({ value: 'refreshed elsewhere', state: 'hit' })
  expect(refreshed.tag).not.toBe(own.tag)
  for (let passed = 0; passed < 30; passed += 6) {
    clock.forward(6 * 60_000)
    expect(await one.renew(counts, ['all'])).toBe(true)
    expect(await read(two)).toEqual(refreshed)
  }
  clock.forward(-10 * 60_000)
  expect((await read(two)).state).toBe('miss')
})
