/**
 * The one event stream of a monitor's page: says when something is another, and now and then that it still looks and
 * how many alerts are open.
 */
import type { App } from '../../context.ts'
import { openAlerts } from './monitor-layout.ts'

const beatEvery = 2_000 // ms

export function liveEvents(
  app: App,
  request: Request,
  versionOf: () => string | Promise<string>,
  lookEvery = 500, // ms
): Response {
  const { streams, log } = app
  return streams.response(request, send => {
    let said = ''
    let beatAt = -beatEvery
    let looking = false
    async function look() {
      if (looking) return
      looking = true
      try {
        const version = await versionOf()
        if (version !== said) send({ version }, 'changed')
        said = version
        if (performance.now() - beatAt < beatEvery) return
        beatAt = performance.now()
        send(openAlerts(app), 'beat')
      } catch (error) {
        log.warn('A monitor could not look', { error })
      } finally {
        looking = false
      }
    }
    look()
    const timer = setInterval(look, lookEvery)
    return () => clearInterval(timer)
  })
}
