/** A pool on a golf tournament that is played live: a feed on this machine, and members with their picks. */
import { startFakeFeed } from '../fake-feed.ts'
import { randomFrom } from '../random.ts'
import type { DemoCall, DemoLeague } from './call.ts'

const members = 'amelie ben chidi dana elif farid greta hugo ines jonas kaya lior nora'.split(' ') // nora trades too
const teams = ['', ' Eagles', ' & Sons', ' Links', ' Bunker Club']

/** Simulated minutes per second: the four rounds take about ten minutes. */
const speed = 3
const secondsToEnter = 30

type Golfer = { player_id: string; name: string }

/** `played` resolves when the tournament ends; until then this process serves its feed. Undefined if the server may not fetch it. */
export async function tourDemo(
  call: DemoCall,
): Promise<(DemoLeague & { next: DemoLeague; played: Promise<void>; stop(): void }) | undefined> {
  const { pick, whole, chance } = randomFrom(4)
  const feed = startFakeFeed({ seed: 11, golfers: 60, speed, from: -secondsToEnter * speed })
  const slug = await newTour(call, feed.url)
  if (!slug) {
    feed.stop()
    return undefined
  }
  const field: Golfer[] = await until(async () => {
    const { players } = await call.get(`/api/v1/tours/${slug}/players?limit=500`)
    return players.length > 0 ? players : undefined
  })
  const now = Date.now()
  const league: DemoLeague = await call.post('/api/v1/leagues', {
    name: 'Coastal Open pool',
    kind: 'tour',
    starts_at: new Date(now - 60_000).toISOString(),
    ends_at: new Date(now + 86_400_000).toISOString(),
    config: { tour: slug, picks: 6, best: 4, missed_cut: { rule: 'worst', strokes: 1 } },
  })
  const users = new Map<string, number>()
  for (const name of members) users.set(name, await userNamed(call, name))
  for (const [name, user_id] of users) {
    for (let n = chance(0.4) ? 2 : 1; n > 0; n--) {
      const picks = new Set<string>()
      while (picks.size < 6) picks.add(pick(field).player_id)
      const team = `${name[0]?.toUpperCase()}${name.slice(1)}${n === 1 ? '' : pick(teams.slice(1))}`
      const entry = { name: team, picks: [...picks], tiebreaker: -whole(6, 22), user_id }
      await call.post(`/api/v1/leagues/${league.id}/entries`, entry)
    }
  }
  const next = await nextWeek(call, slug, field, users)
  const untilFinal = until(async () => (await call.get(`/api/v1/leagues/${league.id}`)).status === 'final', 2_000).then(
    feed.stop,
  )
  return { ...league, next, played: untilFinal, stop: feed.stop }
}

/** The next event: its field is pasted, as the feed still shows this week’s, and a pool with groups takes picks from it. */
async function nextWeek(call: DemoCall, tour: string, field: readonly Golfer[], users: ReadonlyMap<string, number>) {
  const { pick, whole } = randomFrom(5)
  const lines = field.slice(0, 48).map(({ name }, i) => `"${name}",${i + 1},${5 + i * 2.5}`)
  await call.put(`/api/v1/tours/${tour}/upcoming`, {
    event: 'Inland Open',
    text: ['name,rank,odds', ...lines].join('\n'),
  })
  const startsAt = Date.now() + 5 * 86_400_000
  const league: DemoLeague = await call.post('/api/v1/leagues', {
    name: 'Inland Open pool',
    kind: 'tour',
    starts_at: new Date(startsAt).toISOString(),
    ends_at: new Date(startsAt + 4 * 86_400_000).toISOString(),
    config: { tour, best: 4, groups: { by: 'odds', count: 6 } },
  })
  const { groups }: { groups: { players: string[] }[] } = await call.get(`/api/v1/leagues/${league.id}/field`)
  for (const user_id of [...users.values()].slice(0, 5)) {
    const picks = groups.map(({ players }) => pick(players))
    await call.post(`/api/v1/leagues/${league.id}/entries`, { picks, tiebreaker: -whole(6, 22), user_id })
  }
  return league
}

/** The slug of the new tour; undefined if the server refuses feeds on this machine. */
async function newTour(call: DemoCall, feed_url: string): Promise<string | undefined> {
  const { tours } = await call.get('/api/v1/tours?limit=500')
  const taken = new Set(tours.map(({ slug }: { slug: string }) => slug))
  const named = (n: number) =>
    n === 1 ? { slug: 'coastal', name: 'Coastal Tour' } : { slug: `coastal-${n}`, name: `Coastal Tour ${n}` }
  let n = 1
  while (taken.has(named(n).slug)) n++
  try {
    await call.post('/api/v1/tours', { ...named(n), feed_url, format: 'fieldhouse', interval_s: 3 })
    return named(n).slug
  } catch (error) {
    if (String(error).includes('not on the public internet')) return undefined
    throw error
  }
}

async function userNamed(call: DemoCall, username: string): Promise<number> {
  const { users } = await call.get(`/api/v1/users?q=${username}@fieldhouse.example`)
  if (users[0]) return users[0].id
  const password = crypto.randomUUID()
  const user = { username, email: `${username}@fieldhouse.example`, password, role: 'member', country: 'NO' }
  return (await call.post('/api/v1/users', user)).id
}

async function until<T>(condition: () => Promise<T>, everyMs = 200): Promise<NonNullable<T>> {
  for (;;) {
    const value = await condition()
    if (value) return value as NonNullable<T>
    await Bun.sleep(everyMs)
  }
}
