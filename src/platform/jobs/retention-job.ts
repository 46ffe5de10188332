/** Forgetting in small steps: a short transaction, a pause, the next, so that nobody waits for it. */
import { t } from 'elysia'
import { type App, job } from '../../context.ts'
import { locks } from '../../locks.ts'

/** A line of the table in `src/retention.ts`. */
export type RetentionRule = {
  readonly what: string
  /** Forgets at most `limit` things that are too old at `now`; answers how many. Less than `limit`: there are no more. */
  step(app: App, now: number, limit: number): number | Promise<number>
}

const stepSize = 500 // rows: a few milliseconds
const pause = 15 // ms

export const retentionJob = (table: readonly RetentionRule[]) =>
  job('retention.forget', {
    input: t.Object({}),
    once: () => 'forget',
    lock: () => locks.retention(),
    async run(_, app, { signal, progress }) {
      const forgotten: Record<string, number> = {}
      for (const [i, { what, step }] of table.entries()) {
        progress((100 * i) / table.length, what)
        let total = 0
        for (let count = stepSize; count >= stepSize; total += count) {
          signal.throwIfAborted()
          count = await step(app, app.clock.now(), stepSize)
          await Bun.sleep(pause)
        }
        forgotten[what] = total
      }
      return forgotten
    },
  })
