import { burden } from './balance.ts'
import type { Plan } from './plan.ts'
import { HOUR } from './problem.ts'
import { brokenBy, evaluateRules, type RuleEvaluation } from './work-rules.ts'

/** What counts, in this order: rules broken that should hold at all costs, places left open, prices and wages in cents, then unevenness and unmet wishes. Less is better. */
export type Worth = { broken: number; open: number; cost: number; balance: number }

export const compareWorth = (a: Worth, b: Worth) =>
  a.broken - b.broken ||
  a.open - b.open ||
  a.cost - b.cost ||
  (Math.abs(a.balance - b.balance) < 1e-6 ? 0 : a.balance - b.balance)

export const worthOf = ({ broken, open, cost, balance }: Worth): Worth => ({ broken, open, cost, balance })

/** A roster in the making. It keeps every hard rule at each step, and its worth up to date. */
export class Roster {
  /** [opening]: the people who stand there */
  readonly at: number[][]
  /** [person]: the openings they have taken */
  readonly of: number[][]
  /** [person]: milliseconds worked, pins included */
  readonly load: Float64Array
  /** what rules of work are not kept that should be: see `RuleEvaluation` */
  broken = 0
  open = 0
  cost = 0
  balance = 0
  /** [person × openings + opening]: how many of the person's openings clash with it */
  readonly #clashes: Uint8Array
  readonly #fits: Uint8Array
  /** [person × weeks + week]: milliseconds still free */
  readonly #free: Float64Array
  /** [person]: of those with rules of work */
  readonly evaluations: (RuleEvaluation | undefined)[]

  constructor(readonly plan: Plan) {
    const { openings, people } = plan
    this.at = openings.map(() => [])
    this.of = Array.from({ length: people }, () => [])
    this.#clashes = new Uint8Array(people * openings.length)
    this.#fits = new Uint8Array(people * openings.length)
    this.#free = plan.free.slice()
    this.load = plan.pins.load.slice()
    this.cost = plan.base
    for (const [opening, { takers, places, under }] of openings.entries()) {
      if (under === undefined) this.open += places
      else this.cost += places * under
      for (const person of takers) this.#fits[person * openings.length + opening] = 1
    }
    this.evaluations = plan.duties.map((duties, person) => duties && evaluateRules(duties, plan, this.of[person]!))
    for (const evaluation of this.evaluations) {
      this.cost += evaluation?.price ?? 0
      this.broken += evaluation ? brokenBy(evaluation) : 0
    }
    for (let person = 0; person < people; person++) this.balance += this.#burdenOf(person)
  }

  isOpen(opening: number): boolean {
    return this.at[opening]!.length < this.plan.openings[opening]!.places
  }

  hasRoom(opening: number): boolean {
    return this.at[opening]!.length < this.plan.openings[opening]!.room
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
    return (
      this.fits(opening, person) &&
      this.isFree(opening, person) &&
      this.hasHours(opening, person) &&
      this.keepsLimits(opening, person)
    )
  }

  /** Whether none of the person's hard limits to the most would be passed. */
  keepsLimits(opening: number, person: number): boolean {
    const duties = this.plan.duties[person]
    if (!duties) return true
    return evaluateRules(duties, this.plan, this.of[person]!, opening).excess <= this.evaluations[person]!.excess
  }

  /** What taking it would add to the unevenness and unmet wishes. */
  addedBalance(opening: number, person: number): number {
    const { wish, people, openings, allowed, problem } = this.plan
    const load = this.load[person]!
    const more = load + openings[opening]!.length
    const [hours, limit] = [HOUR, allowed[person]! / HOUR]
    const uneven = burden(more / hours, limit) - burden(load / hours, limit)
    return problem.weights.fairness * uneven - problem.weights.preferences * wish[opening * people + person]!
  }

  take(opening: number, person: number): void {
    const { cost, people, openings } = this.plan
    const { under, over, places } = openings[opening]!
    this.balance += this.addedBalance(opening, person)
    this.cost += cost[opening * people + person]!
    if (this.at[opening]!.length >= places) this.cost += over
    else if (under === undefined) this.open--
    else this.cost -= under
    this.at[opening]!.push(person)
    this.of[person]!.push(opening)
    this.#updateTotals(opening, person, 1)
  }

  leave(opening: number, person: number): void {
    const { cost, people, openings } = this.plan
    const { under, over, places } = openings[opening]!
    remove(this.at[opening]!, person)
    remove(this.of[person]!, opening)
    this.#updateTotals(opening, person, -1)
    if (this.at[opening]!.length >= places) this.cost -= over
    else if (under === undefined) this.open++
    else this.cost += under
    this.cost -= cost[opening * people + person]!
    this.balance -= this.addedBalance(opening, person)
  }

  #updateTotals(opening: number, person: number, sign: 1 | -1) {
    const { openings, weeks, restClass, duties } = this.plan
    const { length, week } = openings[opening]!
    const clashes = openings[opening]!.clashes[restClass[person]!]!
    const row = person * openings.length
    for (const other of clashes) this.#clashes[row + other]! += sign
    this.#free[person * weeks + week]! -= sign * length
    this.load[person]! += sign * length
    if (!duties[person]) return
    const [before, now] = [this.evaluations[person]!, evaluateRules(duties[person], this.plan, this.of[person]!)]
    this.cost += now.price - before.price
    this.broken += brokenBy(now) - brokenBy(before)
    this.evaluations[person] = now
  }

  #burdenOf(person: number): number {
    return this.plan.problem.weights.fairness * burden(this.load[person]! / HOUR, this.plan.allowed[person]! / HOUR)
  }

  /** A copy of who stands where, to come back to. */
  places(): number[][] {
    return this.at.map(people => [...people])
  }

  /** All of it that still fits. */
  static whatFits(plan: Plan, places: number[][]): Roster {
    const roster = new Roster(plan)
    for (const [opening, people] of places.entries())
      for (const person of people)
        if (roster.hasRoom(opening) && roster.canTake(opening, person)) roster.take(opening, person)
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
