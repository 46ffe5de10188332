/** What is to be said of a run that its row cannot say: whether its worker lives, and what a cancel waits for. */
import type { App } from '../../context.ts'
import type { Run } from '../../platform/jobs/runs.ts'
import { isProcessDead } from '../../platform/process/process-lock.ts'
import { hasWorker, processesOf } from '../load.ts'

type Here = Pick<App, 'db' | 'processId' | 'config'>

/** The runs with that as their message. */
export function withMessages(here: Here, runs: readonly Run[]): Run[] {
  const dead = new Map<string, boolean>()
  const isDead = (id: string) => {
    const known = dead.get(id) ?? (id !== here.processId && isProcessDead(here.config.dataDir, id))
    dead.set(id, known)
    return known
  }
  return runs.map(run => {
    if (run.status !== 'PROGRESS') return run
    if (run.process !== null && isDead(run.process)) return { ...run, message: diedUnder(here, run.process) }
    return run.cancelRequestedAt === null ? run : { ...run, message: 'It was asked to stop and does within 2 s' }
  })
}

export const withMessage = (here: Here, run: Run): Run => withMessages(here, [run])[0] ?? run

function diedUnder(here: Here, id: string): string {
  const all = processesOf(here)
  const process = all.find(one => one.id === id)
  const which = process ? ` (${process.role}, pid ${process.pid} on ${process.host})` : ''
  const again = hasWorker(all) ? 'by another worker within 20 s' : 'as soon as a worker runs'
  return `Its worker${which} died; it is run again ${again}`
}
