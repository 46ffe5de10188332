/** The progress of a run, written to its row at most a few times a second. */
import type { Db } from '../../../db/open.ts'
import { bestEffortWrite } from '../../../db/transactions.ts'
import type { RunLog } from './run-log.ts'
import { changeRun, type NewRun } from './runs.ts'

const firstWriteAfter = 40 // ms: a run that ends sooner never writes progress
const writeInterval = 200 // ms between two writes

export function openRunProgress(db: Db, id: string, log: RunLog, changed: (id: string) => void) {
  let currentStage: string | undefined
  let unsaved: Partial<NewRun> | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let delay = firstWriteAfter
  const write = () => {
    timer = undefined
    if (!unsaved) return
    const change = unsaved
    unsaved = undefined
    bestEffortWrite(db, tx => void changeRun(tx, id, ['PROGRESS'], change))
    changed(id)
  }
  return {
    report(percent: number, stage?: string, message?: string) {
      if (stage && stage !== currentStage) log.note('info', stage)
      currentStage = stage ?? currentStage
      unsaved = {
        ...unsaved,
        progress: Math.max(0, Math.min(100, Math.round(percent))),
        ...(stage && { stage }),
        ...(message && { message }),
      }
      timer ??= setTimeout(write, delay)
      delay = writeInterval
    },
    /** Stops writing; returns what is left to write with the end of the run. */
    stop(): Partial<NewRun> {
      clearTimeout(timer)
      return unsaved ?? {}
    },
  }
}
