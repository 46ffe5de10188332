/** Everything that may be done on another machine, by `ROLE=compute`: pure work whose input and result travel. */
import type { AnyTask } from './platform/jobs/compute.ts'
import { solveRoster } from './rota/solving/solve.ts'

export const computeTasks: readonly AnyTask[] = [solveRoster]
