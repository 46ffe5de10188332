/**
 * The three roster algorithms side by side over four weeks: `bun scripts/bench/rosters.ts [staff…]`, by default 10, 25 and 50.
 * `planted` is work whose cheapest roster is known beforehand, `random` has shifts of all lengths and asks for 80 % of the hours
 * there are, `full` for all of them. `open` is places left open and `bound` how many are proved to stay so; `above` what the
 * roster costs over the best bound proved by any of the three for as many places; `gap` what the algorithm itself can vouch for.
 * `cpu` is what this process used, for machines that are shared. `optimal` gets a minute here; what counts is the ratios.
 *
 * With files of public nurse rostering instances, `bun scripts/bench/rosters.ts Instance1.txt …`, their cost and the best known.
 */

import { pricedBreaches } from '../../src/rota/solving/check.ts'
import { penaltyOf } from '../../src/rota/solving/check-rules.ts'
import type { Algorithm, RosterProblem, Solution } from '../../src/rota/solving/problem.ts'
import { solve } from '../../src/rota/solving/solve.ts'
import { plantedProblem, randomProblem } from '../../test/roster-instances.ts'
import { helpFirst } from '../script-help.ts'
import { bestKnown, readNurseInstance } from './nurse-instances.ts'

helpFirst(import.meta.path, { words: 100 })

const algorithms: Algorithm[] = ['greedy', 'production', 'optimal']
const files = process.argv.slice(2).filter(one => Number.isNaN(Number(one)))
const sizes = process.argv
  .slice(2)
  .map(Number)
  .filter(one => !Number.isNaN(one))

async function solveTimed(
  problem: RosterProblem,
  algorithm: Algorithm,
): Promise<{ seconds: number; cpu: number; solution: Solution }> {
  const from = performance.now()
  const before = process.cpuUsage()
  const solution = await solve(problem, { algorithm, ...(algorithm === 'optimal' ? { budget_s: 60 } : {}) })
  const { user, system } = process.cpuUsage(before)
  return { seconds: (performance.now() - from) / 1000, cpu: (user + system) / 1e6, solution }
}

const percent = (share: number) => `${(100 * share).toFixed(3)} %`
const columns = [6, 9, 8, 12, 8, 8, 12, 11, 11, 11, 9, 9]
const print = (...cells: (string | number)[]) =>
  console.log(cells.map((cell, column) => String(cell).padStart(columns[column]!)).join(''))

if (files.length) {
  console.log('instance, algorithm, cost, bound, best known, hours that cannot be had, ended, seconds, cpu')
  for (const file of files) {
    const problem = readNurseInstance(await Bun.file(file).text())
    for (const algorithm of algorithms) {
      const { seconds, cpu, solution } = await solveTimed(problem, algorithm)
      const { penalty_cents, bound, unmet, ended } = solution.summary
      if (penaltyOf(pricedBreaches(problem, solution.assignments)) !== penalty_cents) throw new Error('counted wrongly')
      const known = bestKnown(file) ?? 'unknown'
      console.log(
        [file, algorithm, penalty_cents, bound, known, unmet.length, ended, seconds.toFixed(2), cpu.toFixed(2)].join(
          ', ',
        ),
      )
    }
  }
  process.exit()
}

print('staff', 'kind', 'places', 'algorithm', 'open', 'bound', 'cost €', 'above', 'gap', 'ended', 'seconds', 'cpu')
for (const staff of sizes.length ? sizes : [10, 25, 50]) {
  const size = { staff, weeks: 4, seed: 1 }
  for (const [kind, problem] of [
    ['planted', plantedProblem(size).problem],
    ['random', randomProblem(size)],
    ['full', randomProblem(size, 1)],
  ] as const) {
    const solved = []
    for (const algorithm of algorithms) solved.push({ algorithm, ...(await solveTimed(problem, algorithm)) })
    const places = problem.shifts.reduce((all, shift) => all + shift.headcount, 0)
    for (const { algorithm, seconds, cpu, solution } of solved) {
      const { summary, unfilled } = solution
      const bounds = solved
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
        summary.open_bound,
        cost,
        above,
        percent(summary.gap),
        summary.ended,
        seconds.toFixed(2),
        cpu.toFixed(2),
      )
    }
  }
}
