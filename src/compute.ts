/** All work that `ROLE=compute` can do on another machine: pure, with input and result sent over. */
import type { AnyTask } from './platform/jobs/compute.ts'
import { solveRoster } from './rota/solving/solve.ts'

export const computeTasks: readonly AnyTask[] = [solveRoster]
