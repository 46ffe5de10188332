/** A venue: a site in Berlin, staff with a skill, and a week of shifts. */
import { type caller, start } from './start.ts'

export type Call = ReturnType<typeof caller>
export const base = '/api/v1/roster'
export const week = { start_date: '2026-03-23', end_date: '2026-03-29' } // the clocks go forward on its Sunday

export const createSite = (call: Call, name = 'Riverside', timezone = 'Europe/Berlin') =>
  call.post(`${base}/sites`, { name, timezone })

export const createPerson = (call: Call, name: string, more: object = {}) =>
  call.post(`${base}/staff`, { name, skills: ['bar'], hourly_cents: 1500, ...more })

/** A shift every evening of the week, for two people at the bar. */
export async function newVenue(people = ['Ann', 'Bob', 'Cy', 'Dee']) {
  const fieldhouse = await start()
  const { call } = fieldhouse
  const site = await createSite(call)
  const staff = []
  for (const [i, name] of people.entries()) staff.push(await createPerson(call, name, { hourly_cents: 1500 + 100 * i }))
  const { shift_ids } = await call.post(`${base}/shifts/pattern`, {
    site_id: site.id,
    ...week,
    weekdays: [1, 2, 3, 4, 5, 6, 7],
    from: '18:00',
    to: '23:00',
    skill: 'bar',
    headcount: 2,
  })
  const generate = (more: object = {}) =>
    call.post('/api/v1/jobs/roster/generate', { ...week, site_ids: [site.id], algorithm: 'greedy', ...more })
  const roster = (query = '') => call.get(`${base}?start=${week.start_date}&end=${week.end_date}${query}`)
  return { ...fieldhouse, site, staff, shift_ids: shift_ids as number[], generate, roster }
}

export const auditedActions = async (call: Call): Promise<string[]> =>
  (await call.get('/admin/audit/logs/json?limit=100')).logs.map(({ action }: { action: string }) => action)
