/** Four weeks for fifty people, with work for four fifths of their hours: places left open, and places proved to stay open. */
import { solve } from '../../../src/rota/solving/solve.ts'
import { randomProblem } from '../../../test/roster-instances.ts'
import type { Comparison } from '../comparison.ts'

const staff = 50
const what = `roster of ${staff} people over 4 weeks, work for 80 % of their hours`

export const rosters: Comparison = {
  name: 'rosters',
  title: 'Rosters',
  isCold: true,
  rounds: () => 1, // the same seed gives the same roster
  figures: {
    open: {
      title: `${what}, places left open`,
      unit: 'places',
      yardstick: 'bound',
      aims: [{ beside: 'bound', ratio: 0.9 }],
    },
    bound: { title: 'of these, proved to stay open', unit: 'places' },
    seconds: { title: 'time it took', unit: 's' },
  },
  sides: {
    Fieldhouse: async ({ isQuick }) => ({
      steps: {
        async solve() {
          const began = performance.now()
          const problem = randomProblem({ staff, weeks: 4, seed: 1 })
          const { unfilled, summary } = await solve(problem, { algorithm: 'production', budget_s: isQuick ? 5 : 10 })
          const seconds = (performance.now() - began) / 1000
          return { open: unfilled.length, bound: summary.open_bound, seconds }
        },
      },
      stop: () => Promise.resolve(),
    }),
  },
}
