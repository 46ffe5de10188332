/**
 * The three roster algorithms side by side over four weeks: `bun scripts/bench/rosters.ts [staff…]`, by default 10, 25 and 50.
 * `planted` is work whose cheapest roster is known beforehand, `rough` has shifts of all lengths and asks for 80 % of the hours
 * there are. `open` is places left open; `above` what the roster costs over the best bound proved by any of the three for as many
 * places; `gap` what the algorithm itself can vouch for. `optimal` gets a minute here; what counts is the ratios.
 */
import type { Algorithm, Problem, Solution } from '../../src/rota/solving/problem.ts'
import { solve } from '../../src/rota/solving/solve.ts'
import { planted, rough } from '../../test/roster-instances.ts'

const algorithms: Algorithm[] = ['greedy', 'production', 'optimal']
const sizes = process.argv.slice(2).map(Number)

async function timed(problem: Problem, algorithm: Algorithm): Promise<{ seconds: number; solution: Solution }> {
  const from = performance.now()
  const solution = await solve(problem, { algorithm, ...(algorithm === 'optimal' ? { budget_s: 60 } : {}) })
  return { seconds: (performance.now() - from) / 1000, solution }
}

const percent = (share: number) => `${(100 * share).toFixed(3)} %`
const columns = [6, 9, 8, 12, 8, 12, 11, 11, 11, 9]
const print = (...cells: (string | number)[]) =>
  console.log(cells.map((cell, column) => String(cell).padStart(columns[column]!)).join(''))

print('staff', 'kind', 'places', 'algorithm', 'open', 'cost €', 'above', 'gap', 'ended', 'seconds')
for (const staff of sizes.length ? sizes : [10, 25, 50]) {
  const size = { staff, weeks: 4, seed: 1 }
  for (const [kind, problem] of [
    ['planted', planted(size).problem],
    ['rough', rough(size)],
  ] as const) {
    const made = []
    for (const algorithm of algorithms) made.push({ algorithm, ...(await timed(problem, algorithm)) })
    const places = problem.shifts.reduce((all, shift) => all + shift.headcount, 0)
    for (const { algorithm, seconds, solution } of made) {
      const { summary, unfilled } = solution
      const bounds = made
        .filter(one => one.solution.unfilled.length >= unfilled.length)
        .map(one => one.solution.summary.bound)
      const above = percent(summary.cost_cents / Math.max(...bounds) - 1)
      const cost = (summary.cost_cents / 100).toFixed(2)
      print(
        staff,
        kind,
        places,
        algorithm,
        unfilled.length,
        cost,
        above,
        percent(summary.gap),
        summary.ended,
        seconds.toFixed(2),
      )
    }
  }
}
