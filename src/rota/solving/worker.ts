import { answerTasks, type ThreadWork } from '../../platform/process/threads.ts'
import { assistSearch, type SolveOrder, solveInThisThread } from './run.ts'

export type SolverTasks = typeof tasks

/** A thread for one roster: it is ended from outside, in the middle of whatever it computes. */
const tasks = {
  solve: (order: SolveOrder, { progress }: ThreadWork) => solveInThisThread(order, progress),
  assist: assistSearch,
}
answerTasks(tasks, work => work)
