/** A tour on the fake feed, with leagues and members who enter. */
import { type FakeFeedOptions, startFakeFeed } from '../scripts/fake-feed.ts'
import type { App } from '../src/context.ts'
import { day, hour, minute } from '../src/platform/clock.ts'
import { afterTest, type caller, type start, until } from './start.ts'
import { visitor } from './visitor.ts'

type Call = ReturnType<typeof caller>

type Started = Pick<Awaited<ReturnType<typeof start>>, 'call' | 'finished' | 'as' | 'url'>

/** A feed whose time the test moves. By default the first tee time is an hour from now. */
export function feedFor(options: FakeFeedOptions = {}) {
  const feed = startFakeFeed({ golfers: 24, firstTee: Date.now() + hour, ...options })
  afterTest(feed.stop)
  return feed
}

/** A feed that answers with the JSON that the test gives it. */
export function jsonFeed(json: object) {
  const feed = { json, url: '' }
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => Response.json(feed.json) })
  afterTest(() => server.stop(true))
  feed.url = `http://127.0.0.1:${server.port}/feed.json`
  return feed
}

export const newTour = (
  call: Call,
  feed_url: string,
  more: { slug?: string; name?: string; format?: string; interval_s?: number } = {},
) =>
  call.post('/api/v1/tours', {
    slug: 'pga',
    name: more.slug ?? 'PGA',
    feed_url,
    format: 'fieldhouse',
    interval_s: 60,
    ...more,
  })

const iso = (at: number) => new Date(at).toISOString()

/** A league that starts today and ends in a few days. */
export const newTourLeague = (
  call: Call,
  config: object = {},
  { name = 'Clubhouse pool', starts = Date.now() - hour, ends = Date.now() + 4 * day } = {},
) =>
  call.post('/api/v1/leagues', {
    name,
    kind: 'tour',
    starts_at: iso(starts),
    ends_at: iso(ends),
    config: { tour: 'pga', picks: 4, best: 2, ...config },
  })

/** A user with their own key. */
export async function newUser({ call, as, url }: Started, username: string, role = 'member') {
  const user = { username, email: `${username}@example.org`, password: `the password of ${username}`, role }
  const { id } = await call.post('/api/v1/users', user)
  const browser = visitor(url)
  await browser.signIn(user.email, user.password)
  const { key } = await browser.post('/api/v1/keys', { name: 'test', role })
  return { id: id as number, key: key as string, ...as(key) }
}

/** Updates the tour from its feed and waits for the result. */
export const update = ({ call, finished }: Pick<Started, 'call' | 'finished'>, body: object = {}, slug = 'pga') =>
  finished(call.post(`/api/v1/tours/${slug}/update`, body))

/** A new tour whose first update has ended: until then another one would join it. */
export async function newUpdatedTour(call: Call, feed_url: string, more: { slug?: string; format?: string } = {}) {
  const { slug } = await newTour(call, feed_url, more)
  await until(async () => {
    if ((await tour(call, slug)).status !== 'ok') return false
    return (await call.get('/api/v1/jobs?name=update_player_scores&status=PROGRESS')).jobs.length === 0
  })
}

/** Minutes pass, on the course and here; then the feed is asked. */
export const playOn =
  (
    fieldhouse: Pick<Started, 'call' | 'finished'> & { clock: { forward(ms: number): void } },
    feed: ReturnType<typeof feedFor>,
  ) =>
  (minutes: number) => {
    feed.advance(minutes)
    fieldhouse.clock.forward(minutes * minute)
    return update(fieldhouse)
  }

export const players = async (call: Call, slug = 'pga') =>
  (await call.get(`/api/v1/tours/${slug}/players?limit=500`)).players
export const tour = (call: Call, slug = 'pga') => call.get(`/api/v1/tours/${slug}`)

export const enter = (who: Call, leagueId: number, picks: string[], more: object = {}) =>
  who.post(`/api/v1/leagues/${leagueId}/entries`, { picks, ...more })

/** All alerts so far, except those about the health of the service. */
export const alerts = (app: App) =>
  app.db.query.systemAlerts
    .findMany()
    .sync()
    .filter(({ type }) => type !== 'high_load' && type !== 'performance')
