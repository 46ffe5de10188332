/** The input and result of the roster solvers: plain data, so that it can be sent to a worker thread or another machine. */

/** `rest_hours`: the rest before and after work at this site, 10 by default. */
export type ProblemSite = { id: number; timezone: string; name?: string; rest_hours?: number; rules?: SiteRules }

/** Valid through `expires_on`, a date in the time zone of the shift's site. */
export type Certification = { name: string; expires_on: string }

/** Two dates (both inclusive, in the time zone of the shift's site) or two instants (`to` exclusive). */
type Absence = { from: string; to: string }

/** Applies to a shift if every field that is set matches its start in the site's time zone. `from` to `to` may pass midnight. */
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
  /** How much it counts compared with other wishes, 1 by default. */
  weight?: number
}

/** A hard limit or, with a price, a limit that may be passed for that many whole cents per unit. */
export type Limit = { limit: number; price_cents?: number }

/** A limit for each period of so many weeks or, without `weeks`, for all planned days together. */
export type PeriodLimit = Limit & { weeks?: number }

/** Rules of work of one person. Work counts on the day on which it starts. */
export type WorkRules = {
  /** A Monday from which periods of several weeks are counted, `FIRST_MONDAY` by default. */
  counted_from?: string
  /** A unit is an hour, started hours included. If only part of a period is planned, the limit is reduced in proportion. */
  least_hours?: PeriodLimit
  most_hours?: PeriodLimit
  /** Consecutive days of work. A unit is a day too few or too many. Days at the edge of the range are not too few: work may go on beyond it. */
  least_days_in_row?: Limit
  most_days_in_row?: Limit
  /** Consecutive days off between days of work; a unit is a day too few. */
  least_days_off_in_row?: Limit
  /** Weekends with work on Saturday or Sunday; a unit is a weekend. */
  most_weekends?: PeriodLimit
  /** Shifts of one kind; a unit is a shift. */
  most_of_kind?: (PeriodLimit & { kind: string })[]
  /** Kinds of shift that may not start the day after another kind; a unit is one such pair. */
  successions?: Succession[]
  /** Replaces the rest that the sites ask for. */
  rest_hours?: number
}

export const FIRST_MONDAY = '2024-01-01'

/** The rules of a site for everybody, counted over their work there. Their own rules apply too. */
export type SiteRules = Omit<WorkRules, 'least_hours' | 'rest_hours'>

type Succession = { kind: string; next: string; price_cents?: number }

/** Somebody wants to work this shift or not to; not following the request costs so many whole cents. */
type ProblemRequest = { staff_id: number; shift_id: number; want: 'on' | 'off'; price_cents: number }

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
  /** More skills that each person on the shift needs. */
  skills?: string[]
  certification?: string | null
  /** How many people are wanted. */
  headcount: number
  /** Early, late, night or any other word that rules of work refer to. */
  kind?: string | null
  /** Whole cents for each missing person. Without it, an unfilled place counts as open, which is worse than any cost. */
  under_cents?: number
  /** The most people allowed, `headcount` by default, and whole cents for each one beyond `headcount`. */
  most?: number
  over_cents?: number
}

export type Assignment = { shift_id: number; staff_id: number }
export const dutyKey = (shiftId: number, staffId: number): string => `${shiftId}/${staffId}`
export const assignmentKey = ({ shift_id, staff_id }: Assignment): string => dutyKey(shift_id, staff_id)

/** Work outside the problem: it is not planned, but needs rest and counts as hours. Its site is among the sites. */
export type Duty = { staff_id: number; site_id: number; starts_at: string; ends_at: string; kind?: string | null }

/** How much uneven hours and unmet wishes count against each other. Both count only after coverage and cost. */
type ScoreWeights = { fairness: number; preferences: number }

export type RosterProblem = {
  /** The days that are planned and that rules are counted over; from the first shift to the last by default. */
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

/** In the order in which they are checked. `assigned`: the person is already on this shift. */
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
  /** The rule that excludes most of the people with the skill. */
  reason: BlockingRule
  message: string
  /** How many people each rule excludes; a person counts once, for the first rule that excludes them. */
  blocked: Partial<Record<BlockingRule, number>>
}

export type RosterSummary = {
  /** Filled places of all places, 0 to 1. */
  coverage: number
  /** Wages */
  cost_cents: number
  /** The sum of the prices of broken rules, unmet requests and wrong headcounts. */
  penalty_cents: number
  /** Hard rules that cannot be kept, as sentences, such as too few hours for somebody. */
  unmet: string[]
  /** Jain's index over hours worked divided by hours allowed: 1 if everyone who could work has the same share. */
  fairness: number
  /** Wishes met minus wishes refused. */
  preferences: number
  /** A proved lower bound of cost plus penalty at this coverage. */
  bound: number
  /** The largest possible saving, as a share of cost plus penalty; 0 if it is proved that there is none. */
  gap: number
  /** A proved lower bound of open places. */
  open_bound: number
  /** Sentences for the planner about open places: how many cannot be filled, and which additional people would fill them. */
  advice: string[]
  ended: EndReason
  /** With `failed`: the error of the exact solver. */
  trouble?: string
}

/**
 * `proved`: coverage, then cost, then fairness with preferences (to 0.01 %) are proved optimal. `heuristic`: nothing was proved.
 * The others say what stopped the proof.
 */
export type EndReason = 'proved' | 'heuristic' | 'budget' | 'cancelled' | 'failed'

export type Solution = { assignments: Assignment[]; unfilled: Unfilled[]; summary: RosterSummary }

export const solveStages = ['loading', 'building', 'optimization', 'checking'] as const
export type SolveStage = (typeof solveStages)[number]

/** `percent` never falls. What describes the best roster is null until there is one. */
export type SolveProgress = {
  stage: SolveStage
  percent: number
  /** What is being done, for people: `filling week 2 of 4` */
  doing: string
  best_cents: number | null
  gap: number | null
  /** open places of the best roster so far, and the proved lower bound */
  open: number | null
  open_bound: number | null
}
