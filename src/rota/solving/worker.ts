import { answerTasks, type ThreadWork } from '../../platform/process/threads.ts'
import { assist, run, type SolveOrder } from './run.ts'

export type SolverTasks = typeof tasks

/** A thread for one roster: it is ended from outside, in the middle of whatever it computes. */
const tasks = {
  solve: (order: SolveOrder, { progress }: ThreadWork) => run(order, progress),
  assist,
}
answerTasks(tasks, work => work)
