import { hour } from '../../platform/clock.ts'
import { loadPenalty } from './balance.ts'
import type { SolverPlan } from './plan.ts'
import { brokenScore, evaluateRules, type RuleEvaluation } from './work-rules.ts'

/**
 * Lower is better, compared in this order: broken hard rules, open places, cost (wages and prices in cents), then balance (uneven
 * hours and unmet wishes).
 */
export type RosterScore = { broken: number; open: number; cost: number; balance: number }

export const compareScores = (a: RosterScore, b: RosterScore) =>
  a.broken - b.broken ||
  a.open - b.open ||
  a.cost - b.cost ||
  (Math.abs(a.balance - b.balance) < 1e-6 ? 0 : a.balance - b.balance)

export const scoreOf = ({ broken, open, cost, balance }: RosterScore): RosterScore => ({ broken, open, cost, balance })

/** A roster that is being built. Callers check `canTake` before `assign`, so hard limits hold at every step; the score is always current. */
export class Roster {
  /** [opening]: the people assigned to it, pinned ones not included */
  readonly peopleAt: number[][]
  /** [person]: the openings they are assigned to */
  readonly openingsOf: number[][]
  /** [person]: milliseconds of work, pinned work included */
  readonly loadMs: Float64Array
  /** hard rules of work that are not kept: see `brokenScore` */
  broken = 0
  open = 0
  cost = 0
  balance = 0
  /** [person × openings + opening]: how many of the person's openings conflict with it */
  readonly #clashes: Uint16Array
  readonly #fits: Uint8Array
  /** [person × weeks + week]: milliseconds they may still work */
  readonly #free: Float64Array
  /** [person]: undefined without rules of work */
  readonly evaluations: (RuleEvaluation | undefined)[]

  constructor(readonly plan: SolverPlan) {
    const { openings, people } = plan
    this.peopleAt = openings.map(() => [])
    this.openingsOf = Array.from({ length: people }, () => [])
    this.#clashes = new Uint16Array(people * openings.length)
    this.#fits = new Uint8Array(people * openings.length)
    this.#free = plan.freeMs.slice()
    this.loadMs = plan.pins.loadMs.slice()
    this.cost = plan.baseCost
    for (const [opening, { candidates, places, underPrice }] of openings.entries()) {
      if (underPrice === undefined) this.open += places
      else this.cost += places * underPrice
      for (const person of candidates) this.#fits[person * openings.length + opening] = 1
    }
    this.evaluations = plan.rulesByPerson.map(
      (duties, person) => duties && evaluateRules(duties, plan, this.openingsOf[person]!),
    )
    for (const evaluation of this.evaluations) {
      this.cost += evaluation?.price ?? 0
      this.broken += evaluation ? brokenScore(evaluation) : 0
    }
    for (let person = 0; person < people; person++) this.balance += this.#burdenOf(person)
  }

  isOpen(opening: number): boolean {
    return this.peopleAt[opening]!.length < this.plan.openings[opening]!.places
  }

  hasRoom(opening: number): boolean {
    return this.peopleAt[opening]!.length < this.plan.openings[opening]!.room
  }

  isCandidate(opening: number, person: number): boolean {
    return this.#fits[person * this.plan.openings.length + opening] === 1
  }

  hasNoConflict(opening: number, person: number): boolean {
    return this.#clashes[person * this.plan.openings.length + opening] === 0
  }

  hasHours(opening: number, person: number): boolean {
    const { length, week } = this.plan.openings[opening]!
    return length <= this.#free[person * this.plan.weeks + week]!
  }

  canTake(opening: number, person: number): boolean {
    return (
      this.isCandidate(opening, person) &&
      this.hasNoConflict(opening, person) &&
      this.hasHours(opening, person) &&
      this.keepsLimits(opening, person)
    )
  }

  /** Whether one more opening keeps the person's hard maximums, such as hours or days in a row. */
  keepsLimits(opening: number, person: number): boolean {
    const duties = this.plan.rulesByPerson[person]
    if (!duties) return true
    return (
      evaluateRules(duties, this.plan, this.openingsOf[person]!, opening).excess <= this.evaluations[person]!.excess
    )
  }

  /** What an assignment would add to the balance score. */
  addedBalance(opening: number, person: number): number {
    const { wishScores, people, openings, allowedMs, problem } = this.plan
    const load = this.loadMs[person]!
    const more = load + openings[opening]!.length
    const allowed = allowedMs[person]! / hour
    const uneven = loadPenalty(more / hour, allowed) - loadPenalty(load / hour, allowed)
    return problem.weights.fairness * uneven - problem.weights.preferences * wishScores[opening * people + person]!
  }

  assign(opening: number, person: number): void {
    const { cost, people, openings } = this.plan
    const { underPrice, overPrice, places } = openings[opening]!
    this.balance += this.addedBalance(opening, person)
    this.cost += cost[opening * people + person]!
    if (this.peopleAt[opening]!.length >= places) this.cost += overPrice
    else if (underPrice === undefined) this.open--
    else this.cost -= underPrice
    this.peopleAt[opening]!.push(person)
    this.openingsOf[person]!.push(opening)
    this.#updateTotals(opening, person, 1)
  }

  unassign(opening: number, person: number): void {
    const { cost, people, openings } = this.plan
    const { underPrice, overPrice, places } = openings[opening]!
    remove(this.peopleAt[opening]!, person)
    remove(this.openingsOf[person]!, opening)
    this.#updateTotals(opening, person, -1)
    if (this.peopleAt[opening]!.length >= places) this.cost -= overPrice
    else if (underPrice === undefined) this.open++
    else this.cost += underPrice
    this.cost -= cost[opening * people + person]!
    this.balance -= this.addedBalance(opening, person)
  }

  #updateTotals(opening: number, person: number, sign: 1 | -1) {
    const { openings, weeks, restClass, rulesByPerson } = this.plan
    const { length, week } = openings[opening]!
    const clashes = openings[opening]!.conflicts[restClass[person]!]!
    const row = person * openings.length
    for (const other of clashes) this.#clashes[row + other]! += sign
    this.#free[person * weeks + week]! -= sign * length
    this.loadMs[person]! += sign * length
    if (!rulesByPerson[person]) return
    const [before, now] = [
      this.evaluations[person]!,
      evaluateRules(rulesByPerson[person], this.plan, this.openingsOf[person]!),
    ]
    this.cost += now.price - before.price
    this.broken += brokenScore(now) - brokenScore(before)
    this.evaluations[person] = now
  }

  #burdenOf(person: number): number {
    return (
      this.plan.problem.weights.fairness * loadPenalty(this.loadMs[person]! / hour, this.plan.allowedMs[person]! / hour)
    )
  }

  /** A copy that a search can go back to. */
  copyAssignments(): number[][] {
    return this.peopleAt.map(people => [...people])
  }

  /** A roster with those of the assignments that fit. */
  static fromWhatFits(plan: SolverPlan, places: number[][]): Roster {
    const roster = new Roster(plan)
    for (const [opening, people] of places.entries())
      for (const person of people)
        if (roster.hasRoom(opening) && roster.canTake(opening, person)) roster.assign(opening, person)
    return roster
  }

  static from(plan: SolverPlan, places: number[][]): Roster {
    const roster = new Roster(plan)
    for (const [opening, people] of places.entries()) for (const person of people) roster.assign(opening, person)
    return roster
  }
}

/** Changes to a roster that can be taken back. */
export class RosterChanges {
  readonly #made: [isAssigned: boolean, opening: number, person: number][] = []

  constructor(private readonly roster: Roster) {}

  get isEmpty(): boolean {
    return this.#made.length === 0
  }

  assign(opening: number, person: number): void {
    this.roster.assign(opening, person)
    this.#made.push([true, opening, person])
  }

  unassign(opening: number, person: number): void {
    this.roster.unassign(opening, person)
    this.#made.push([false, opening, person])
  }

  undo(): void {
    for (const [isAssigned, opening, person] of this.#made.reverse())
      isAssigned ? this.roster.unassign(opening, person) : this.roster.assign(opening, person)
    this.clear()
  }

  clear(): void {
    this.#made.length = 0
  }
}

function remove(list: number[], item: number) {
  const index = list.indexOf(item)
  list[index] = list.at(-1)!
  list.pop()
}
