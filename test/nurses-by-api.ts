/** Sends a nurse rostering instance through the API, field by field, without loss. */
import { readNurseInstance } from '../scripts/bench/nurse-instances.ts'
import type { Assignment } from '../src/rota/solving/problem.ts'
import { base, type Call, createSite } from './rosters.ts'

/** The proved optimum of `test/fixtures/nurses.txt`. */
export const bestOfFixture = { penalty_cents: 1, cost_cents: 0, unmet: [] }

type Sent = {
  range: { start_date: string; end_date: string }
  /** Assignments of the service, with the ids of the instance. */
  inInstance(assignments: Assignment[]): Assignment[]
}

/** Instances start on a Monday and count as one period. */
export async function sendNurses(call: Call, text: string): Promise<Sent> {
  const { staff, shifts, requests = [] } = readNurseInstance(text)
  const dates = shifts.map(({ starts_at }) => starts_at.slice(0, 10)).sort()
  const [start_date = '', end_date = ''] = [dates[0], dates.at(-1)]
  const weeks = Math.ceil((Date.parse(end_date) - Date.parse(start_date)) / (7 * 86_400_000))
  const site = await createSite(call, 'Ward', 'UTC')
  const ids = new Map<number, number>()
  for (const { id, site_id: _, skill, certification, kind, ...shift } of shifts)
    ids.set(id, (await call.post(`${base}/shifts`, { ...shift, kind, site_id: site.id })).id)
  const withWeeks = <Counted extends object>(count: Counted | undefined) => count && { ...count, weeks }
  const people = new Map<number, number>()
  for (const { id, name, max_hours_week, unavailable, rules } of staff) {
    const { id: person } = await call.post(`${base}/staff`, {
      name,
      max_hours_week,
      unavailable,
      rules: {
        ...rules,
        counted_from: start_date,
        least_hours: withWeeks(rules?.least_hours),
        most_hours: withWeeks(rules?.most_hours),
        most_weekends: withWeeks(rules?.most_weekends),
        most_of_kind: rules?.most_of_kind?.map(withWeeks),
      },
      requests: requests
        .filter(request => request.staff_id === id)
        .map(({ shift_id, want, price_cents }) => ({ shift_id: ids.get(shift_id), want, price_cents })),
    })
    people.set(person, id)
  }
  const shiftIds = new Map([...ids].map(([id, sent]) => [sent, id]))
  const inInstance = (assignments: Assignment[]) =>
    assignments.map(one => ({ shift_id: shiftIds.get(one.shift_id) ?? 0, staff_id: people.get(one.staff_id) ?? 0 }))
  return { range: { start_date, end_date }, inInstance }
}
