/** A club with two halls and a pub: a month of shifts, two dozen people, this week confirmed and the next one a draft. */

import { randomFrom } from '../random.ts'
import { type DemoCall, demoMember } from './call.ts'

const people =
  'Amelie Berg,Ben Osei,Chidi Eze,Dana Kowalski,Elif Demir,Farid Haddad,Greta Lund,Hugo Marques,Ines Duarte,Jonas Vik,Kaya Brandt,Lior Azulay,Mara Novak,Nils Holm,Oona Laine,Pavel Sokol,Quinn Doyle,Rosa Iturbe,Sven Aalto,Tamar Levi,Ugo Conti,Vera Simic,Wim de Boer,Yara Nassar'.split(
    ',',
  )

type Demand = {
  site: string
  weekdays: number[]
  from: string
  to: string
  headcount: number
  skill?: string
  certification?: string
  kind?: string
}
const daily = [1, 2, 3, 4, 5, 6, 7]
const weekend = [5, 6, 7]
const demands: Demand[] = [
  { site: 'Main Hall', weekdays: daily, from: '08:00', to: '15:00', kind: 'early', headcount: 2, skill: 'front desk' },
  { site: 'Main Hall', weekdays: daily, from: '15:00', to: '22:30', kind: 'late', headcount: 2, skill: 'front desk' },
  { site: 'Main Hall', weekdays: weekend, from: '12:00', to: '20:00', headcount: 1, skill: 'referee' },
  { site: 'Main Hall', weekdays: weekend, from: '12:00', to: '20:00', headcount: 1, certification: 'first aid' },
  {
    site: 'Pool',
    weekdays: daily,
    from: '07:00',
    to: '14:00',
    kind: 'early',
    headcount: 1,
    skill: 'lifeguard',
    certification: 'rescue',
  },
  {
    site: 'Pool',
    weekdays: daily,
    from: '14:00',
    to: '21:00',
    kind: 'late',
    headcount: 2,
    skill: 'lifeguard',
    certification: 'rescue',
  },
  {
    site: 'Clubhouse',
    weekdays: [3, 4, 5, 6, 7],
    from: '17:00',
    to: '00:30',
    kind: 'late',
    headcount: 2,
    skill: 'bar',
  },
]
const siteRules = {
  rest_hours: 11,
  rules: {
    most_days_in_row: { limit: 5 },
    most_weekends: { limit: 3, weeks: 4, price_cents: 2000 },
    successions: [{ kind: 'late', next: 'early' }],
  },
}
const skills = ['front desk', 'front desk', 'lifeguard', 'lifeguard', 'bar', 'referee']

const dayMs = 86_400_000
const dayAfter = (date: string, days: number) => new Date(Date.parse(date) + days * dayMs).toISOString().slice(0, 10)
const today = () => new Date().toISOString().slice(0, 10)
const mondayOf = (date: string) => dayAfter(date, -((new Date(date).getUTCDay() + 6) % 7))

/**
 * Returns a member of staff who can sign in. If there is a rota already, it adds nothing and returns undefined. `budget_s` is the
 * solving time for each of the two rosters.
 */
export async function rosterDemo(
  call: DemoCall,
  budget_s = 4,
): Promise<{ email: string; password: string } | undefined> {
  const api = '/api/v1/roster'
  if ((await call.get(`${api}/sites`)).pagination.total > 0) return undefined
  const { whole, pick, chance } = randomFrom(7)
  const monday = mondayOf(today())
  const sites = new Map<string, number>()
  for (const name of new Set(demands.map(({ site }) => site)))
    sites.set(name, (await call.post(`${api}/sites`, { name, timezone: 'Europe/Berlin', ...siteRules })).id)

  for (const [i, name] of people.entries()) {
    const own = new Set([skills[i % skills.length], ...(chance(0.35) ? [pick(skills)] : [])])
    const away = dayAfter(monday, whole(3, 24))
    await call.post(`${api}/staff`, {
      name,
      skills: [...own],
      max_hours_week: pick([16, 20, 24, 32, 38]),
      hourly_cents: 1350 + 50 * whole(0, 12),
      certifications: [
        ...(own.has('lifeguard') ? [{ name: 'rescue', expires_on: dayAfter(monday, pick([18, 55, 200, 400])) }] : []),
        ...(chance(0.4) ? [{ name: 'first aid', expires_on: dayAfter(monday, pick([10, 40, 300, 500])) }] : []),
      ],
      unavailable: chance(0.4) ? [{ from: away, to: dayAfter(away, whole(0, 6)) }] : [],
      rules: chance(0.3)
        ? { least_hours: { limit: 12, price_cents: 400 }, most_of_kind: [{ kind: 'late', limit: 3 }] }
        : {},
      preferences: [
        ...(chance(0.4) ? [{ want: 'avoid', weekday: whole(1, 7), weight: whole(1, 3) }] : []),
        ...(chance(0.3) ? [{ want: 'prefer', from: '14:00', to: '18:00' }] : []),
      ],
    })
  }

  for (const { site, ...demand } of demands)
    await call.post(`${api}/shifts/pattern`, {
      ...demand,
      site_id: sites.get(site),
      start_date: monday,
      end_date: dayAfter(monday, 27),
    })

  const generate = (from: number, to: number) =>
    call.post('/api/v1/jobs/roster/generate', {
      start_date: dayAfter(monday, from),
      end_date: dayAfter(monday, to),
      algorithm: 'production',
      budget_s,
    })
  const { job_id } = await call.done(await generate(0, 6))
  await call.post(`${api}/confirm`, { job_id })
  const { shifts } = await call.get(`${api}?start=${dayAfter(monday, 5)}&end=${dayAfter(monday, 6)}`)
  for (const { staff } of shifts.slice(0, 3)) if (staff[0]) await call.post(`${api}/assignments/${staff[0].id}/pin`)
  await call.done(await generate(7, 13))
  await call.post(`${api}/templates`, { name: 'A usual week', monday })
  const amelie = await addAccounts(call, monday)
  // Nightly jobs, run now so that the dashboard has something to show.
  for (const name of ['daily_metrics', 'health_scores', 'expiry_alerts'])
    await call.done(await call.post('/admin/task-monitor/schedule/run', { name }))
  return amelie
}

/** Amelie and Ben have accounts and ask for leave; Amelie’s next shift is offered to the others. */
async function addAccounts(call: DemoCall, monday: string) {
  const { staff } = await call.get('/api/v1/roster/staff?limit=500')
  const link = async (username: string, name: string) => {
    const member = await demoMember(call, username)
    const { id } = staff.find((person: { name: string }) => person.name === name)
    await call.patch(`/api/v1/roster/staff/${id}`, { account: username })
    return { ...member, id }
  }
  const ben = await link('ben', 'Ben Osei')
  await ben.send('/roster/me/leave', { from: dayAfter(monday, 21), to: dayAfter(monday, 24) })
  const amelie = await link('amelie', 'Amelie Berg')
  await amelie.send('/roster/me/leave', { from: dayAfter(monday, 17), to: dayAfter(monday, 19), note: 'A wedding' })
  const { shifts } = await call.get(`/api/v1/roster?start=${dayAfter(today(), 1)}&end=${dayAfter(monday, 13)}`)
  const duty = shifts
    .flatMap((shift: { staff: { id: number; staff_id: number }[] }) => shift.staff)
    .find((one: { staff_id: number }) => one.staff_id === amelie.id)
  if (duty) await amelie.send('/roster/me/swaps', { assignment_id: duty.id, note: 'My sister moves house' })
  return { email: amelie.email, password: amelie.password }
}
