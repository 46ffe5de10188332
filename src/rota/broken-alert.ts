/** One alert for all broken duties, as one absence may break many: raised and cleared in the change that caused it. */
import { and, eq, ne } from 'drizzle-orm'
import { systemAlerts } from '../../db/schema.ts'
import { atomically } from '../../db/transactions.ts'
import { type Alert, clearAlert, raiseAlert } from '../alerts.ts'
import { cached } from '../cached.ts'
import type { App } from '../context.ts'
import { counted } from '../platform/number-text.ts'
import { type BrokenDuty, brokenDuties } from './broken-duties.ts'

const key = 'roster_broken'

export async function brokenDutiesNow({ cache, reader, clock }: Pick<App, 'cache' | 'reader' | 'clock'>) {
  const { value } = await cache.read(cached.brokenDuties, [], () => reader.read(brokenDuties, { now: clock.now() }))
  return value
}

export function brokenDutiesAlert(duties: readonly BrokenDuty[]): Alert[] {
  if (!duties.length) return []
  const examples = duties.slice(0, 5).map(({ date, site, against }) => `${date}, ${site}: ${against[0]?.message}`)
  const more = duties.length > examples.length ? ` And ${duties.length - examples.length} more.` : ''
  const alert: Alert = {
    key,
    type: 'roster_broken',
    severity: 'error',
    title: `${counted(duties.length, 'duty', 'duties')} on the roster cannot be worked as planned`,
    message: `${examples.join('. ')}.${more} The dashboard of the rota lists them with who could step in.`,
    data: { assignments: duties.slice(0, 100).map(({ assignment_id }) => assignment_id), total: duties.length },
  }
  return [alert]
}

const minMsBetweenChecks = 1_000 // ms between two checks, as many changes may follow each other

/** Returns what to call after each change. What only time changes, the check of alerts notices within a minute. */
export function watchBrokenDuties(app: App): () => void {
  let isDue = false
  let isChecking = false
  async function checkWhileDue() {
    isChecking = true
    while (isDue) {
      isDue = false
      try {
        await updateAlert()
      } catch (error) {
        app.log.warn('Broken duties could not be checked; the check of alerts will do it', { error })
      }
      if (isDue) await Bun.sleep(minMsBetweenChecks)
    }
    isChecking = false
  }
  async function updateAlert() {
    const [alert] = brokenDutiesAlert(await brokenDutiesNow(app))
    const isOpen = and(eq(systemAlerts.key, key), ne(systemAlerts.state, 'resolved'))
    const known = app.db.select().from(systemAlerts).where(isOpen).get()
    if (known?.message === alert?.message) return
    const at = app.clock.now()
    await atomically(app.db, tx => (alert ? raiseAlert(tx, at, alert) : clearAlert(tx, at, key)))
  }
  return () => {
    isDue = true
    if (!isChecking) void checkWhileDue()
  }
}
