import { answerTasks, type ThreadWork } from '../../platform/process/threads.ts'
import { assistSearch, type SolveOrder, solveInThisThread } from './solver-thread.ts'

export type SolverTasks = typeof tasks

/** A thread for one roster. The caller terminates it in the middle of its work if the roster is cancelled or out of time. */
const tasks = {
  solve: (order: SolveOrder, { progress }: ThreadWork) => solveInThisThread(order, progress),
  assist: assistSearch,
}
answerTasks(tasks, work => work)
