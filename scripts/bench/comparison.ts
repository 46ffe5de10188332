/**
 * Comparisons: the same work done by several sides in turns, round after round. What counts is the ratio within each round,
 * for whatever else the machine does meanwhile meets all sides alike.
 */
import { withTimeout } from '../../src/platform/process/with-timeout.ts'

export type Unit = 'ms' | 's' | 'a second' | 'MB' | 'µs' | 'places' | 'times'

export type Figure = {
  readonly title: string
  readonly unit: Unit
  readonly better: 'less' | 'more'
  /** Another figure of the same side that it is set beside. */
  readonly yardstick?: string | undefined
  /** Wished for: at least so many times as good as that side or yardstick; or no more or no less than a number. */
  readonly aims?: readonly Aim[] | undefined
}
export type Aim =
  | { readonly beside: string; readonly ratio: number }
  | { readonly most: number }
  | { readonly least: number }

export type Figures = Record<string, number>
/** How often the HTTP thread did one thing for longer than so many ms. */
export type Stretches = ReadonlyMap<number, number>

export type Side = {
  /** In turns with the same steps of the other sides. Each answers one figure or several. */
  readonly steps: Record<string, (round: number) => Promise<Figures>>
  readonly stretches?: () => Promise<Stretches>
  stop(): Promise<void>
}
/** A side that cannot be had on this machine, and why. */
export class Missing {
  constructor(readonly why: string) {}
}

export type Options = { readonly folder: string; readonly isQuick: boolean; readonly rounds: number }

export type Comparison = {
  readonly name: string
  readonly title: string
  readonly figures: Record<string, Figure>
  /** The first is Fieldhouse, which the others are set beside. */
  readonly sides: Record<string, (options: Options) => Promise<Side | Missing>>
  /** Of so many rounds asked for. */
  readonly rounds?: (options: Options) => number
  /** Nothing is left out of its figures as warming up. */
  readonly isCold?: boolean
  /** Only run when it is named. */
  readonly isLong?: boolean
  /** Why the HTTP thread may do one thing for longer than 10 ms here. */
  readonly longStretches?: string
}

export type Measured = {
  readonly comparison: Comparison
  /** By side, one entry a round. */
  readonly rounds: ReadonlyMap<string, readonly Figures[]>
  readonly missing: ReadonlyMap<string, string>
  readonly stretches: Stretches
  /** Rounds that the time did not suffice for. */
  readonly cut: number
}

/** `deadline` as of performance.now(): no round begins after it, but the first is always done. */
export async function measure(comparison: Comparison, options: Options, deadline: number): Promise<Measured> {
  const missing = new Map<string, string>()
  const sides = new Map<string, Side>()
  const rounds = new Map<string, Figures[]>()
  const wanted = comparison.rounds?.(options) ?? options.rounds
  try {
    for (const [name, open] of Object.entries(comparison.sides)) {
      const side = await open(options)
      if (side instanceof Missing) missing.set(name, side.why)
      else sides.set(name, side)
    }
    for (const name of sides.keys()) rounds.set(name, [])
    const steps = new Set([...sides.values()].flatMap(side => Object.keys(side.steps)))
    let isWarm = comparison.isCold ?? false
    const before = await stretchesOf(sides)
    let done = 0
    for (let round = isWarm ? 1 : 0; done < wanted; round++) {
      if (done > 0 && performance.now() > deadline) break
      const figures = new Map<string, Figures>([...sides.keys()].map(name => [name, {}]))
      for (const step of steps) {
        const inTurn = [...sides]
        if (round % 2) inTurn.reverse() // who is second finds warmer files and a warmer processor
        for (const [name, side] of inTurn) Object.assign(figures.get(name) ?? {}, await bounded(side, step, round))
      }
      if (!isWarm && performance.now() < deadline) {
        isWarm = true
        continue
      }
      for (const [name, one] of figures) rounds.get(name)?.push(one)
      done++
    }
    const after = await stretchesOf(sides)
    const stretches = new Map([...after].map(([over, count]) => [over, count - (before.get(over) ?? 0)]))
    return { comparison, rounds, missing, stretches, cut: wanted - done }
  } finally {
    for (const side of sides.values()) await side.stop()
  }
}

const longestStep = 180_000 // ms

function bounded(side: Side, step: string, round: number): Promise<Figures> {
  const running = side.steps[step]?.(round) ?? Promise.resolve({})
  return withTimeout(running, longestStep, () => {
    throw new Error(`${step} took longer than three minutes`)
  })
}

async function stretchesOf(sides: ReadonlyMap<string, Side>): Promise<Stretches> {
  const sum = new Map<number, number>()
  for (const { stretches } of sides.values())
    for (const [over, count] of (await stretches?.()) ?? []) sum.set(over, (sum.get(over) ?? 0) + count)
  return sum
}

export const median = (numbers: readonly number[]): number => {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? (sorted[middle] ?? Number.NaN) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}
