import { day } from '../../platform/clock.ts'
import type { SolverPlan } from './plan.ts'
import type { RosterProblem } from './problem.ts'
import type { Roster } from './roster.ts'

/** The most rounds over all weeks; each makes more moves than the one before. */
export const ROUNDS = 6

/**
 * Memory shared by two threads that search the same plan and never stop to receive messages: which weeks are claimed in which
 * round, their results, and the best whole roster of the second thread. A read during a write does no harm: whatever is read is
 * checked by `Roster.fromWhatFits` before it is used.
 */
export type SharedMemory = SharedArrayBuffer

export function sharedMemoryFor({ shifts }: RosterProblem): SharedMemory {
  const places = shifts.reduce((all, { headcount, most = 0 }) => all + Math.max(headcount, most), 0)
  const starts = shifts.map(({ starts_at }) => Date.parse(starts_at))
  const weeks =
    Math.ceil(
      (starts.reduce((a, b) => Math.max(a, b), 0) - starts.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)) /
        (7 * day),
    ) + 2
  return new SharedArrayBuffer(4 * (1 + weeks * (1 + 2 * ROUNDS) + (ROUNDS + 1) * places))
}

export type SharedSearch = ReturnType<typeof openSharedSearch>

export function openSharedSearch({ openings, weeks }: SolverPlan, shared: SharedMemory) {
  let taken = 0
  const part = (length: number) => {
    const from = taken
    taken += length
    return new Int32Array(shared, 4 * from, length)
  }
  const [bounds, claims, found, whole] = [part(weeks), part(weeks * ROUNDS), part(weeks * ROUNDS), part(1)]
  const rest = new Int32Array(shared, 4 * taken)
  const size = Math.floor(rest.length / (ROUNDS + 1))
  const firsts = openings.map(() => 0)
  for (let opening = 1; opening < openings.length; opening++)
    firsts[opening] = firsts[opening - 1]! + openings[opening - 1]!.room

  const write = (part: number, { peopleAt }: Roster, isIn: (opening: number) => boolean) => {
    for (const [opening, { room }] of openings.entries())
      if (isIn(opening))
        for (let place = 0; place < room; place++)
          rest[part * size + firsts[opening]! + place] = (peopleAt[opening]![place] ?? -1) + 1
  }
  /** The assignments of these openings from the other thread, all others from this one. */
  const read = (part: number, { peopleAt }: Roster, isIn: (opening: number) => boolean) =>
    openings.map(({ room }, opening) => {
      if (!isIn(opening)) return peopleAt[opening]!
      const from = part * size + firsts[opening]!
      return [...rest.subarray(from, from + room)].flatMap(person => (person > 0 ? [person - 1] : []))
    })
  const isOf = (week: number) => (opening: number) => openings[opening]!.week === week

  return {
    /** A lower bound of open places per week, as far as the first thread has proved it. */
    setBound: (week: number, bound: number) => void Atomics.store(bounds, week, bound),
    boundOf: (week: number) => Atomics.load(bounds, week),
    /** Whether this thread takes the week in this round. */
    claim: (round: number, week: number) => Atomics.compareExchange(claims, round * weeks + week, 0, 1) === 0,
    publishWeek(round: number, week: number, roster: Roster) {
      write(round, roster, isOf(week))
      Atomics.store(found, round * weeks + week, 1)
    },
    partnerWeek: (round: number, week: number, roster: Roster) =>
      Atomics.load(found, round * weeks + week) ? read(round, roster, isOf(week)) : undefined,
    publishRoster(roster: Roster) {
      write(ROUNDS, roster, () => true)
      Atomics.store(whole, 0, 1)
    },
    partnerRoster: (roster: Roster) => (Atomics.load(whole, 0) ? read(ROUNDS, roster, () => true) : undefined),
  }
}
