import './platform/process/production.ts'

import { startFieldhouse } from './app.ts'
import { readConfig } from './config.ts'
import { onAccident, onSignal } from './platform/process/shutdown.ts'

try {
  const { app, stop } = await startFieldhouse(readConfig(process.env))
  onSignal(stop)
  onAccident((what, error) => {
    app.log.error(what, { error })
    app.telemetry.report(error)
  }, stop)
} catch (error) {
  console.error(error instanceof Error ? `${error.name === 'Error' ? '' : `${error.name}: `}${error.message}` : error)
  process.exit(1)
}
