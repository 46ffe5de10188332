import './platform/process/production.ts'

import { startFieldhouse } from './app.ts'
import { startComputeProcess } from './compute-process.ts'
import { readConfig } from './config.ts'
import { onAccident, onSignal } from './platform/process/shutdown.ts'

try {
  const config = readConfig(process.env)
  if (config.role === 'compute') {
    const { log, stop } = await startComputeProcess(config)
    onSignal(stop)
    onAccident((what, error) => log.error(what, { error }), stop)
  } else {
    const { app, stop } = await startFieldhouse(config)
    onSignal(stop)
    onAccident((what, error) => {
      app.log.error(what, { error })
      app.telemetry.report(error)
    }, stop)
  }
} catch (error) {
  console.error(error instanceof Error ? `${error.name === 'Error' ? '' : `${error.name}: `}${error.message}` : error)
  process.exit(1)
}
