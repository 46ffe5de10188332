/**
 * Comparisons: several sides do the same work in turns, round after round. Only the ratio within each round counts, because other
 * load on the machine affects all sides of a round alike.
 */
import { withTimeout } from '../../src/platform/process/with-timeout.ts'

/** More is better of what is counted a second or in times, less of all else. */
export type Unit = 'ms' | 's' | 'a second' | 'MB' | 'µs' | 'places' | 'times'

export type Figure = {
  readonly title: string
  readonly unit: Unit
  /** Another figure of the same side to compare with. */
  readonly yardstick?: string | undefined
  /** Targets: at least this many times as good as a side or yardstick, or at most or at least a number. */
  readonly aims?: readonly Aim[] | undefined
}
export type Aim =
  | { readonly beside: string; readonly ratio: number }
  | { readonly most: number }
  | { readonly least: number }

export type Figures = Record<string, number>
/** How often the HTTP thread was blocked for longer than this many ms, by ms. */
export type Stretches = ReadonlyMap<number, number>

export type ComparedSide = {
  /** Run in turns with the same steps of the other sides. Each returns one or several figures. */
  readonly steps: Record<string, (round: number) => Promise<Figures>>
  readonly stretches?: () => Promise<Stretches>
  stop(): Promise<void>
}
/** A side that is not available on this machine, and why. */
export class Missing {
  constructor(readonly why: string) {}
}

export type BenchOptions = { readonly folder: string; readonly isQuick: boolean; readonly rounds: number }

export type Comparison = {
  readonly name: string
  readonly title: string
  readonly figures: Record<string, Figure>
  /** The first is Fieldhouse; the others are compared with it. */
  readonly sides: Record<string, (options: BenchOptions) => Promise<ComparedSide | Missing>>
  /** The number of rounds, if it differs from the option. */
  readonly rounds?: (options: BenchOptions) => number
  /** No warm-up round: the first one counts. */
  readonly isCold?: boolean
  /** Runs only when it is named. */
  readonly isLong?: boolean
  /** Why the HTTP thread may be blocked for longer than 10 ms here. */
  readonly longStretches?: string
}

export type MeasuredComparison = {
  readonly comparison: Comparison
  /** By side, one entry per round. */
  readonly rounds: ReadonlyMap<string, readonly Figures[]>
  readonly missing: ReadonlyMap<string, string>
  readonly stretches: Stretches
  /** The number of rounds left out for lack of time. */
  readonly cut: number
}

/** `deadline` is a time of performance.now(). No round starts after it, except that the first one always runs. */
export async function measure(
  comparison: Comparison,
  options: BenchOptions,
  deadline: number,
): Promise<MeasuredComparison> {
  const missing = new Map<string, string>()
  const sides = new Map<string, ComparedSide>()
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
        const ordered = [...sides]
        if (round % 2) ordered.reverse() // because the second side finds warmer files and a warmer processor
        for (const [name, side] of ordered) Object.assign(figures.get(name) ?? {}, await runStep(side, step, round))
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

function runStep(side: ComparedSide, step: string, round: number): Promise<Figures> {
  const running = side.steps[step]?.(round) ?? Promise.resolve({})
  return withTimeout(running, longestStep, () => {
    throw new Error(`${step} took longer than three minutes`)
  })
}

async function stretchesOf(sides: ReadonlyMap<string, ComparedSide>): Promise<Stretches> {
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

/** How long a good answer takes, in ms. */
export async function answerMs(url: string, headers: Record<string, string> = {}): Promise<number> {
  const began = performance.now()
  const answer = await fetch(url, { headers })
  await answer.arrayBuffer()
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`)
  return performance.now() - began
}
