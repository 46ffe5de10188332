/** What a roster solver is given and what it answers: plain data, so that it crosses to a worker thread and back. */

/** `rest_hours` between two pieces of work one of which is there: 10 by default. */
export type ProblemSite = { id: number; timezone: string; name?: string; rest_hours?: number; rules?: SiteRules }

/** Valid through `expires_on` (a date) in the zone of the site where the shift is. */
export type Certification = { name: string; expires_on: string }

/** Two dates (both inclusive, in the zone of the site asked about) or two instants (`to` exclusive). */
type Absence = { from: string; to: string }

/** Holds for a shift when everything given matches its start in the site's zone. `from` to `to` may pass midnight. */
export type Wish = {
  want: 'prefer' | 'avoid'
  site_id?: number
  /** 1 Monday to 7 Sunday */
  weekday?: number
  date?: string
  /** `HH:MM`, inclusive */
  from?: string
  /** `HH:MM`, exclusive */
  to?: string
  /** How much it counts beside other wishes: 1 by default. */
  weight?: number
}

/** A limit that holds at all costs or, with a price, may be passed at so many whole cents for each unit beyond it. */
export type Limit = { limit: number; price_cents?: number }

/** Counted over each stretch of so many weeks; without any, over all the days planned. */
export type PeriodLimit = Limit & { weeks?: number }

/** Rules of work of one person. A day counts as worked when work begins on it. */
export type WorkRules = {
  /** A Monday: stretches of several weeks follow each other from it. `FIRST_MONDAY` by default. */
  counted_from?: string
  /** A unit is an hour begun. Of a stretch that is planned in part only, a like part is asked for. */
  least_hours?: PeriodLimit
  most_hours?: PeriodLimit
  /** Days worked one after the other. A unit is a day too few or too many; stretches that reach the edge of the range may go on. */
  least_days_in_row?: Limit
  most_days_in_row?: Limit
  /** Days off between days worked; a unit is a day too few. */
  least_days_off_in_row?: Limit
  /** Weekends with work on Saturday or Sunday: all weekends less the free ones somebody is to have. A unit is a weekend. */
  most_weekends?: PeriodLimit
  /** How many shifts of one kind; a unit is a shift. */
  most_of_kind?: (PeriodLimit & { kind: string })[]
  /** What may not begin on the day after another kind began; a unit is each time. */
  successions?: Succession[]
  /** Instead of that of the sites. */
  rest_hours?: number
}

export const FIRST_MONDAY = '2024-01-01'

/** What a site asks of everybody: counted over their work there, beside their own rules. */
export type SiteRules = Omit<WorkRules, 'least_hours' | 'rest_hours'>

type Succession = { kind: string; next: string; price_cents?: number }

/** Somebody wants this shift on or off their roster: not to follow costs so many whole cents. */
export type ProblemRequest = { staff_id: number; shift_id: number; want: 'on' | 'off'; price_cents: number }

export type Staff = {
  id: number
  name: string
  skills: string[]
  max_hours_week: number
  hourly_cents: number
  certifications: Certification[]
  unavailable: Absence[]
  preferences: Wish[]
  rules?: WorkRules
}

export type ProblemShift = {
  id: number
  site_id: number
  starts_at: string
  ends_at: string
  skill?: string | null
  /** More skills, all of which everybody there needs. */
  skills?: string[]
  certification?: string | null
  /** How many are wanted. */
  headcount: number
  /** As the rules of people name it: early, late, night or any other word. */
  kind?: string | null
  /** Whole cents for each one missing. Without a price the place counts as open, which comes before all cost. */
  under_cents?: number
  /** How many may be there: `headcount` by default, and whole cents for each one beyond `headcount`. */
  most?: number
  over_cents?: number
}

export type Assignment = { shift_id: number; staff_id: number }

/** Work that stands already and is not up for planning, but takes rest and hours. Its site is among the sites. */
export type Duty = { staff_id: number; site_id: number; starts_at: string; ends_at: string; kind?: string | null }

/** Coverage comes before cost, and cost before these: what an uneven hour and an unmet wish count against each other. */
export type ScoreWeights = { fairness: number; preferences: number }

export type RosterProblem = {
  /** The days planned, as rules count them: from the first shift to the last by default. */
  range?: { start: string; end: string }
  sites: ProblemSite[]
  staff: Staff[]
  shifts: ProblemShift[]
  pinned: Assignment[]
  existing: Duty[]
  requests?: ProblemRequest[]
  weights: ScoreWeights
  seed: number
}

export type Algorithm = 'greedy' | 'optimal' | 'production'

/** In the order they are looked at. `assigned`: everyone left is on this very shift already. */
export const blockingRules = [
  'skill',
  'certification',
  'unavailable',
  'assigned',
  'overlap',
  'rest',
  'hours',
  'work_rules',
] as const
export type BlockingRule = (typeof blockingRules)[number]

export type Unfilled = {
  shift_id: number
  /** What keeps most of the people with the skill from this place. */
  reason: BlockingRule
  message: string
  /** How many people each rule keeps away; a person is counted at the first. */
  blocked: Partial<Record<BlockingRule, number>>
}

export type RosterSummary = {
  /** Filled places of all places, 0 to 1. */
  coverage: number
  /** Wages */
  cost_cents: number
  /** Prices of what was not kept: rules, requests, numbers of people. Zero when none has a price. */
  penalty_cents: number
  /** Rules that should hold at all costs and cannot, in sentences: too few hours for somebody. */
  unmet: string[]
  /** Jain's index over hours worked of hours allowed: 1 when all who could work carry the same share. */
  fairness: number
  /** Wishes met less wishes gone against. */
  preferences: number
  /** No roster that covers as much has less of cost and penalty together. */
  bound: number
  /** What might be saved at most, as a share of cost and penalty: 0 when no roster that covers as much is cheaper. */
  gap: number
  /** No roster leaves fewer places open than this. */
  open_bound: number
  /** What the open places mean for the planner, in sentences: how many cannot be filled, and who would fill them. */
  advice: string[]
  ended: EndReason
  /** With `failed`: what the exact solver said. */
  trouble?: string
}

/**
 * `proved`: coverage, then cost, then fairness with preferences (to 0.01 %) are the best there is. `heuristic`: good,
 * nothing was proved. The others say what stopped the proof.
 */
export type EndReason = 'proved' | 'heuristic' | 'budget' | 'cancelled' | 'failed'

export type Solution = { assignments: Assignment[]; unfilled: Unfilled[]; summary: RosterSummary }

export const solveStages = ['loading', 'building', 'optimization', 'checking'] as const
export type SolveStage = (typeof solveStages)[number]

/** `percent` never falls; all about the best roster is null until there is one. */
export type SolveProgress = {
  stage: SolveStage
  percent: number
  /** What is done now, as a clause: `filling week 2 of 4` */
  doing: string
  best_cents: number | null
  gap: number | null
  /** places the best roster so far leaves open, and how many every roster leaves open at least */
  open: number | null
  open_bound: number | null
}
