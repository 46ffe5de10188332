/** Sends a nurse rostering instance through the API, field by field, without loss. */
import { readNurseInstance } from '../scripts/bench/nurse-instances.ts'
import { addSite, base, type Call } from './rosters.ts'

/** The proved optimum of `test/fixtures/nurses.txt`, solved without the API. */
export const bestOfFixture = { penalty_cents: 1, cost_cents: 0, unmet: [] }

/** Returns its first and last day. Instances start on a Monday and count as one period. */
export async function sendNurses(call: Call, text: string): Promise<{ start_date: string; end_date: string }> {
  const { staff, shifts, requests = [] } = readNurseInstance(text)
  const dates = shifts.map(({ starts_at }) => starts_at.slice(0, 10)).sort()
  const [start_date = '', end_date = ''] = [dates[0], dates.at(-1)]
  const weeks = Math.ceil((Date.parse(end_date) - Date.parse(start_date)) / (7 * 86_400_000))
  const site = await addSite(call, 'Ward', 'UTC')
  const ids = new Map<number, number>()
  for (const { id, site_id: _, skill, certification, kind, ...shift } of shifts)
    ids.set(id, (await call.post(`${base}/shifts`, { ...shift, kind, site_id: site.id })).id)
  const withWeeks = <Counted extends object>(count: Counted | undefined) => count && { ...count, weeks }
  for (const { id, name, max_hours_week, unavailable, rules } of staff)
    await call.post(`${base}/staff`, {
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
  return { start_date, end_date }
}
