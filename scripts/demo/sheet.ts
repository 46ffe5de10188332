/**
 * A season of a kingdom at war: a baseline and six scans, with players who join, leave, are renamed or stay inactive, goals by power,
 * and an extra sheet of verified deaths.
 */

import { type Random, randomFrom } from '../random.ts'
import type { DemoCall, DemoLeague } from './call.ts'

type Governor = {
  id: number
  name: string
  alliance: string
  power: number
  kills: [number, number, number, number, number]
  deads: number
  gathered: number
  assistance: number
  helps: number
  /** How much they fight; 0 is inactive. */
  zeal: number
}

const firstParts = [
  'Iron',
  'Silent',
  'Red',
  'Frost',
  'Storm',
  'Old',
  'Lucky',
  'Grim',
  'Golden',
  'Wild',
  'Night',
  'Swift',
  'Stone',
  'Sly',
  'Mad',
  'Salt',
  'Ash',
  'Moon',
  'Wolf',
  'Oak',
]
const secondParts = [
  'Bjorn',
  'Fox',
  'Valkyrie',
  'Reaper',
  'Monk',
  'Duchess',
  'Hammer',
  'Raven',
  'Lancer',
  'Baker',
  'Sultan',
  'Falcon',
  'Tiger',
  'Jester',
  'Captain',
  'Archer',
  'Nomad',
  'Oracle',
  'Smith',
  'Warden',
]
const wholeNames = [
  'Élodie',
  'Søren',
  'Łukasz',
  'Müller',
  '白鸟',
  'Ольга',
  'Çelik',
  'Nguyễn',
  'José',
  'さくら',
  'Dimitra',
  'Owain',
]
const alliances = ['NRTH', 'WOLF', 'SALT', 'DAWN', '']
const day = 86_400_000

const nameOf = (random: Random, number: number) =>
  random.chance(0.12)
    ? `${random.pick(wholeNames)}${random.chance(0.5) ? number % 90 : ''}`
    : `${random.pick(firstParts)}${random.pick(secondParts)}${random.chance(0.3) ? number % 100 : ''}`

function newGovernor(random: Random, number: number): Governor {
  const power = Math.round(2_000_000 + Math.min(160_000_000, random.skewed(14_000_000, 1.6)))
  const past = power / 40
  const kills = [6, 4, 3, 1.5, 0.2].map(share => Math.round(past * share * random.next())) as Governor['kills']
  return {
    id: 40_000_000 + number * 7_919,
    name: nameOf(random, number),
    alliance: random.pick(alliances),
    power,
    kills,
    deads: Math.round((power / 90) * random.next()),
    gathered: Math.round(power * 9 * random.next()),
    assistance: Math.round(power * random.next()),
    helps: random.whole(50, 40_000),
    zeal: random.chance(0.18) ? 0 : random.skewed(0.6, 2),
  }
}

/** Adds the kills and losses of some days of war. */
function fight(governor: Governor, random: Random, days: number) {
  const strength = (governor.power / 1_000_000) * governor.zeal * days * (0.4 + random.next())
  const killsAdded = [900, 700, 500, 420, 260].map(rate => Math.round(strength * rate * random.next()))
  governor.kills = governor.kills.map((kills, tier) => kills + (killsAdded[tier] ?? 0)) as Governor['kills']
  governor.deads += Math.round(strength * 160 * random.next())
  governor.power = Math.max(
    1_000_000,
    Math.round(governor.power * (1 + 0.012 * days) - strength * 5_000 * random.next()),
  )
  governor.gathered += Math.round(days * 3_000_000 * random.next())
  governor.helps += random.whole(0, 40 * days)
}

const killPoints = ([t1, t2, t3, t4, t5]: Governor['kills']) =>
  Math.floor(0.2 * t1) + 2 * t2 + 4 * t3 + 10 * t4 + 20 * t5

const headings =
  'ID,Name,Power,Killpoints,Deads,T1 Kills,T2 Kills,T3 Kills,T4 Kills,T5 Kills,Total Kills,T45 Kills,Ranged,Rss Gathered,Rss Assistance,Helps,Alliance'
function scan(governors: readonly Governor[], random: Random): string {
  const lines = governors.map(governor => {
    const { id, name, power, deads, kills, gathered, assistance, helps, alliance } = governor
    const total = kills.reduce((sum, count) => sum + count, 0)
    const isUnreadable = random.chance(0.01) // the scanner could not read it
    return [
      id,
      name,
      power,
      isUnreadable ? -1 : killPoints(kills),
      deads,
      ...kills,
      total,
      kills[3] + kills[4],
      Math.round(total / 3),
      gathered,
      assistance,
      helps,
      alliance,
    ].join(',')
  })
  return `${[headings, ...lines].join('\n')}\n`
}

/** Deaths that officers have verified. The last line is a mistake: a player who is not in the kingdom. */
function verifiedDeaths(
  governors: readonly Governor[],
  deadsAtStart: ReadonlyMap<number, number>,
  random: Random,
): string {
  const lines = governors
    .map(({ id, name, deads }) => ({
      id,
      name,
      verified: Math.round((deads - (deadsAtStart.get(id) ?? deads)) * random.next()),
    }))
    .filter(({ verified }) => verified > 0)
    .map(({ id, name, verified }) => `${id},${name},${verified}`)
  return `${['Governor ID,Governor Name,Verified Deaths', ...lines, '99000001,Passing Guest,1200'].join('\n')}\n`
}

const goals = [
  { to: 10_000_000, targets: { kill_points: 1_500_000, deads: 20_000 } },
  { from: 10_000_000, to: 40_000_000, targets: { kill_points: 6_000_000, deads: 100_000 } },
  { from: 40_000_000, targets: { kill_points: 25_000_000, deads: 500_000 } },
]

export async function sheetDemo(call: DemoCall): Promise<DemoLeague> {
  const random = randomFrom(1247)
  const now = Date.now()
  const begin = now - 24 * day
  const league: DemoLeague = await call.post('/api/v1/leagues', {
    name: 'Kingdom 1247: Season of Storms',
    kind: 'sheet',
    starts_at: new Date(begin).toISOString(),
    ends_at: new Date(now + 18 * day).toISOString(),
    config: {
      weights: { kills_t4: 10, kills_t5: 20, deads: 40 },
      classify_by: 'percentile',
      goals,
    },
  })
  let governors = Array.from({ length: 640 }, (_, i) => newGovernor(random, i))
  let governorCount = governors.length
  const upload = async (kind: string, at: number, sheet = scan(governors, random), name = 'scan') => {
    const form = new FormData()
    form.set('kind', kind)
    form.set('taken_at', new Date(at).toISOString())
    form.set('file', new File([sheet], `${name}-${new Date(at).toISOString().slice(0, 10)}.csv`))
    await call.done(await call.post(`/api/v1/leagues/${league.id}/uploads`, form))
  }
  await upload('baseline', begin)
  const deadsAtStart = new Map(governors.map(({ id, deads }) => [id, deads]))
  for (let scanNumber = 1; scanNumber <= 6; scanNumber++) {
    for (const governor of governors) fight(governor, random, 4)
    governors = governors.filter(() => !random.chance(0.006))
    for (const governor of governors) if (random.chance(0.012)) governor.name = nameOf(random, random.whole(0, 999))
    for (let i = 0; i < 4; i++) governors.push(newGovernor(random, governorCount++))
    await upload('current', Math.min(begin + scanNumber * 4 * day, now))
  }
  await upload('extra', now, verifiedDeaths(governors, deadsAtStart, random), 'verified-deaths')
  return league
}
