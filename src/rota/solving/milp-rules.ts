import { hour } from '../../platform/clock.ts'
import type { AssignmentColumn, MilpTable } from './milp-table.ts'
import type { SolverPlan } from './plan.ts'
import type { Limit } from './problem.ts'
import { conflicts } from './rules.ts'
import { type PreparedRules, SHORT_STRETCH_WEIGHT } from './work-rules.ts'

/** A column of a person's hours too few or too many, and a function that computes it for the openings they take. */
export type HoursDeviation = { column: number; person: number; deviation: (taken: number[]) => number }

/** Whether a day is worked: known from fixed work, or the value of a column. */
type Worked = 0 | 1 | { column: number }

/** Adds the rows for one person's rules of work. They count the same as `evaluateRules`. */
export function addRuleRows(
  table: MilpTable,
  plan: SolverPlan,
  person: number,
  pairs: AssignmentColumn[],
): HoursDeviation[] {
  return (plan.rulesByPerson[person] ?? []).flatMap(duties => {
    const { site } = duties
    const counted = site === undefined ? pairs : pairs.filter(({ opening }) => opening.site === site)
    if (!counted.length) return []
    const worked = daysWorked(table, plan, duties, counted)
    addStretchRows(table, plan, duties, worked)
    addWeekendRows(table, duties, worked)
    addKindRows(table, duties, counted)
    addSuccessionRows(table, duties, counted, plan.restByClass[plan.restClass[person]!])
    return addHoursRows(table, plan, duties, person, counted)
  })
}

/** Limits a sum of columns and known values to `most`, plus the slack column if there is one. */
function addAtMostRow(table: MilpTable, parts: Worked[], most: number, slack?: number) {
  const columns = parts.flatMap(part => (typeof part === 'number' ? [] : [part.column]))
  if (!columns.length) return
  const left = parts.reduce((all: number, part) => all - (typeof part === 'number' ? part : 0), most)
  const isHard = slack === undefined
  const factors = columns.map(() => 1)
  table.addRow(
    Number.NEGATIVE_INFINITY,
    isHard ? Math.max(0, left) : left, // if fixed work is over the limit already, nothing may be added
    isHard ? columns : [...columns, slack],
    isHard ? factors : [...factors, -1],
  )
}

const slackCost = ({ price_cents }: Limit, units = 1) =>
  price_cents === undefined ? undefined : { cost: price_cents * units }

/** Returns whether a day is worked; days before and after the range are allowed. */
function daysWorked(
  table: MilpTable,
  { days }: SolverPlan,
  { fixed }: PreparedRules,
  pairs: AssignmentColumn[],
): (day: number) => Worked {
  const known = new Set(fixed.map(({ day }) => day))
  const columns = new Map<number, number>()
  for (const [day, there] of Map.groupBy(pairs, ({ opening }) => opening.day)) {
    if (known.has(day)) continue
    const worked = table.addColumn(1)
    for (const { column } of there) table.addRow(0, 1, [worked, column], [1, -1])
    table.addRow(0, there.length, [...there.map(({ column }) => column), worked], [...there.map(() => 1), -1])
    columns.set(day, worked)
  }
  return day => {
    if (known.has(day)) return 1
    const column = day >= 0 && day < days.count ? columns.get(day) : undefined
    return column === undefined ? 0 : { column }
  }
}

function addStretchRows(
  table: MilpTable,
  { days: { count } }: SolverPlan,
  { rules }: PreparedRules,
  worked: (day: number) => Worked,
) {
  const { most_days_in_row: most, least_days_in_row: least, least_days_off_in_row: leastOff } = rules
  const stretch = (from: number, length: number) => Array.from({ length }, (_, index) => worked(from + index))
  if (most)
    for (let from = -most.limit; from < count; from++) {
      const days = stretch(from, most.limit + 1)
      if (days.includes(0)) continue
      const adds = slackCost(most)
      addAtMostRow(table, days, most.limit, adds && table.addColumn(1, adds))
    }
  // Too short: off, `length` days worked, off again, or the other way round. Only then is the sum below one without the slack.
  const tooShort = (limit: Limit, isWork: boolean) => {
    for (let length = 1; length < limit.limit; length++) {
      const [first, last] = isWork ? [1, count - 1 - length] : [-length, count]
      for (let from = first; from <= last; from++) {
        const inside = stretch(from, length)
        const edges = [worked(from - 1), worked(from + length)]
        const [never, always] = isWork ? [0, 1] : [1, 0]
        if (inside.includes(never as 0 | 1) || edges.includes(always as 0 | 1)) continue
        const units = limit.limit - length
        const slack = table.addColumn(1, slackCost(limit, units) ?? { broken: SHORT_STRETCH_WEIGHT * units })
        const sign = isWork ? 1 : -1
        const parts = [...inside.map(day => [day, -sign] as const), ...edges.map(day => [day, sign] as const)]
        const columns = parts.flatMap(([day, factor]) =>
          typeof day === 'number' ? [] : [[day.column, factor] as const],
        )
        const known = parts.reduce(
          (all, [day, factor]) => all + (typeof day === 'number' ? day * factor : 0),
          isWork ? length : 2,
        )
        table.addRow(
          1 - known,
          Number.POSITIVE_INFINITY,
          [...columns.map(([column]) => column), slack],
          [...columns.map(([, factor]) => factor), 1],
        )
      }
    }
  }
  if (least) tooShort(least, true)
  if (leastOff) tooShort(leastOff, false)
}

const ones = (many: number): Worked[] => Array.from({ length: many }, () => 1)

function addWeekendRows(table: MilpTable, { weekends }: PreparedRules, worked: (day: number) => Worked) {
  if (!weekends) return
  const isWorked = (saturday: number): Worked => {
    const days = [worked(saturday), worked(saturday + 1)]
    const columns = days.flatMap(day => (typeof day === 'number' ? [] : [day.column]))
    if (days.includes(1) || !columns.length) return days.includes(1) ? 1 : 0
    const column = table.addColumn(1)
    for (const day of columns) table.addRow(0, 1, [column, day], [1, -1])
    return { column }
  }
  const adds = slackCost(weekends.limit)
  for (const [stretch, many] of weekends.known.entries()) {
    const there = weekends.saturdays.filter(one => one.stretch === stretch).map(({ day }) => isWorked(day))
    const slack = adds && table.addColumn(Number.POSITIVE_INFINITY, adds)
    addAtMostRow(table, [...ones(many), ...there], weekends.limitOf[stretch]!, slack)
  }
}

function addKindRows(table: MilpTable, { kinds }: PreparedRules, pairs: AssignmentColumn[]) {
  for (const { kind, limit, known: standing, limitOf: limits, stretchOf } of kinds)
    for (const [stretch, many] of standing.entries()) {
      const there = pairs.filter(({ opening }) => opening.kind === kind && stretchOf[opening.day] === stretch)
      const adds = slackCost(limit)
      const slack = adds && table.addColumn(Number.POSITIVE_INFINITY, adds)
      addAtMostRow(table, [...ones(many), ...there], limits[stretch]!, slack)
    }
}

function addSuccessionRows(
  table: MilpTable,
  { rules, fixed }: PreparedRules,
  pairs: AssignmentColumn[],
  own: number | undefined,
) {
  const works = [
    ...pairs.map(pair => ({ day: pair.opening.day, kind: pair.opening.kind, part: pair as Worked, pair })),
    ...fixed.map(({ day, kind }) => ({ day, kind, part: 1 as Worked, pair: undefined })),
  ]
  const byDay = Map.groupBy(works, ({ day }) => day)
  type Day = typeof works
  const allClash = (day: Day) =>
    day.every(({ pair }, index) =>
      day.slice(index + 1).every(other => pair && other.pair && conflicts(pair.opening, other.pair.opening, own)),
    )
  for (const [kind, rulesOf] of Map.groupBy(rules.successions ?? [], one => one.kind))
    for (const [day, works] of byDay) {
      const first = works.filter(work => work.kind === kind)
      const after = byDay.get(day + 1) ?? []
      const hard = after.filter(work =>
        rulesOf.some(({ next, price_cents }) => next === work.kind && price_cents === undefined),
      )
      if (first.length && hard.length && allClash(first) && allClash(hard)) {
        addAtMostRow(
          table,
          [...first, ...hard].map(({ part }) => part),
          1,
        )
      } else for (const one of first) for (const next of hard) addAtMostRow(table, [one.part, next.part], 1)
      for (const one of first)
        for (const next of after)
          for (const { next: then, price_cents: price } of rulesOf)
            if (then === next.kind && price !== undefined)
              addAtMostRow(table, [one.part, next.part], 1, table.addColumn(1, { cost: price }))
    }
}

function addHoursRows(
  table: MilpTable,
  { openings }: SolverPlan,
  { leastHours: least, mostHours: most }: PreparedRules,
  person: number,
  pairs: AssignmentColumn[],
): HoursDeviation[] {
  const found: HoursDeviation[] = []
  for (const counts of [least, most]) {
    if (!counts) continue
    for (const [stretch, standing] of counts.known.entries()) {
      const limit = counts.limitOf[stretch]!
      const there = pairs.filter(({ opening }) => counts.stretchOf[opening.day] === stretch)
      const columns = there.map(({ column }) => column)
      const hours = there.map(({ opening }) => opening.length / hour)
      const isThere = new Set(there.map(({ opening }) => opening))
      const total = (taken: number[]) =>
        taken.reduce((all, one) => all + (isThere.has(openings[one]!) ? openings[one]!.length : 0), standing) / hour
      const adds = slackCost(counts.limit)
      if (counts === least) {
        const column = table.addIntegerColumn(adds ?? { broken: 1 })
        table.addRow(limit - standing / hour - 1e-9, Number.POSITIVE_INFINITY, [...columns, column], [...hours, 1])
        found.push({ column, person, deviation: taken => Math.max(0, Math.ceil(limit - total(taken) - 1e-9)) })
      } else if (adds) {
        const column = table.addIntegerColumn(adds)
        table.addRow(Number.NEGATIVE_INFINITY, limit - standing / hour + 1e-9, [...columns, column], [...hours, -1])
        found.push({ column, person, deviation: taken => Math.max(0, Math.ceil(total(taken) - limit - 1e-9)) })
      } else if (columns.length) {
        const allowed = limit + Math.max(0, Math.ceil(standing / hour - limit - 1e-9))
        table.addRow(Number.NEGATIVE_INFINITY, allowed - standing / hour + 1e-9, columns, hours)
      }
    }
  }
  return found
}
