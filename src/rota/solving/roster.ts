import { burden } from './fairness.ts'
import type { Plan } from './plan.ts'
import { HOUR } from './problem.ts'

/** What counts, in this order: places left open, wages in cents, then unevenness and unmet wishes. Less is better. */
export type Worth = { open: number; cost: number; balance: number }

export const better = (a: Worth, b: Worth) =>
  a.open - b.open || a.cost - b.cost || (Math.abs(a.balance - b.balance) < 1e-6 ? 0 : a.balance - b.balance)

/** A roster in the making. It keeps every hard rule at each step, and its worth up to date. */
export class Roster {
  /** [opening]: the people who stand there */
  readonly at: number[][]
  /** [person]: the openings they have taken */
  readonly of: number[][]
  /** [person]: milliseconds worked, pins included */
  readonly load: Float64Array
  open = 0
  cost = 0
  balance = 0
  /** [person × openings + opening]: how many of the person's openings clash with it */
  readonly #clashes: Uint8Array
  readonly #fits: Uint8Array
  /** [person × weeks + week]: milliseconds still free */
  readonly #free: Float64Array

  constructor(readonly plan: Plan) {
    const { openings, people } = plan
    this.at = openings.map(() => [])
    this.of = Array.from({ length: people }, () => [])
    this.#clashes = new Uint8Array(people * openings.length)
    this.#fits = new Uint8Array(people * openings.length)
    this.#free = plan.free.slice()
    this.load = plan.pins.load.slice()
    for (const [opening, { takers, places }] of openings.entries()) {
      this.open += places
      for (const person of takers) this.#fits[person * openings.length + opening] = 1
    }
    for (let person = 0; person < people; person++) this.balance += this.#burdenOf(person)
  }

  isOpen(opening: number): boolean {
    return this.at[opening]!.length < this.plan.openings[opening]!.places
  }

  fits(opening: number, person: number): boolean {
    return this.#fits[person * this.plan.openings.length + opening] === 1
  }

  isFree(opening: number, person: number): boolean {
    return this.#clashes[person * this.plan.openings.length + opening] === 0
  }

  hasHours(opening: number, person: number): boolean {
    const { length, week } = this.plan.openings[opening]!
    return length <= this.#free[person * this.plan.weeks + week]!
  }

  canTake(opening: number, person: number): boolean {
    return this.fits(opening, person) && this.isFree(opening, person) && this.hasHours(opening, person)
  }

  /** What taking it would add to the unevenness and unmet wishes. */
  strain(opening: number, person: number): number {
    const { wish, people, openings, allowed, problem } = this.plan
    const load = this.load[person]!
    const more = load + openings[opening]!.length
    const [hours, limit] = [HOUR, allowed[person]! / HOUR]
    const uneven = burden(more / hours, limit) - burden(load / hours, limit)
    return problem.weights.fairness * uneven - problem.weights.preferences * wish[opening * people + person]!
  }

  take(opening: number, person: number): void {
    const { cost, people } = this.plan
    this.balance += this.strain(opening, person)
    this.cost += cost[opening * people + person]!
    this.open--
    this.at[opening]!.push(person)
    this.of[person]!.push(opening)
    this.#book(opening, person, 1)
  }

  leave(opening: number, person: number): void {
    const { cost, people } = this.plan
    remove(this.at[opening]!, person)
    remove(this.of[person]!, opening)
    this.#book(opening, person, -1)
    this.open++
    this.cost -= cost[opening * people + person]!
    this.balance -= this.strain(opening, person)
  }

  #book(opening: number, person: number, sign: 1 | -1) {
    const { openings, weeks } = this.plan
    const { length, week, clashes } = openings[opening]!
    const row = person * openings.length
    for (const other of clashes) this.#clashes[row + other]! += sign
    this.#free[person * weeks + week]! -= sign * length
    this.load[person]! += sign * length
  }

  #burdenOf(person: number): number {
    return this.plan.problem.weights.fairness * burden(this.load[person]! / HOUR, this.plan.allowed[person]! / HOUR)
  }

  /** A copy of who stands where, to come back to. */
  places(): number[][] {
    return this.at.map(people => [...people])
  }

  /** All of it that still fits. */
  static asFarAs(plan: Plan, places: number[][]): Roster {
    const roster = new Roster(plan)
    for (const [opening, people] of places.entries())
      for (const person of people)
        if (roster.isOpen(opening) && roster.canTake(opening, person)) roster.take(opening, person)
    return roster
  }

  static from(plan: Plan, places: number[][]): Roster {
    const roster = new Roster(plan)
    for (const [opening, people] of places.entries()) for (const person of people) roster.take(opening, person)
    return roster
  }
}

function remove(list: number[], item: number) {
  const index = list.indexOf(item)
  list[index] = list.at(-1)!
  list.pop()
}
