import './platform/process/production.ts'

import { isFull } from '../db/open-errors.ts'
import { misspelled, readConfig } from './config.ts'
import { namedMessageOf } from './errors.ts'
import { onSignal, onUncaught } from './platform/process/shutdown.ts'

const [argument] = process.argv.slice(2)
if (argument !== undefined) {
  console.error(
    `${argument} is not understood: settings are environment variables, as in PORT=8080 bun run start. bun run print-config lists them.`,
  )
  process.exit(2)
}

// Each role loads only what it needs: a compute process loads nothing of the service, which saves most of its start and 70 MB.
try {
  const config = readConfig(process.env)
  if (config.role === 'compute') {
    const { startComputeProcess } = await import('./compute-process.ts')
    const { log, stop } = await startComputeProcess(config)
    for (const warning of misspelled(process.env)) log.warn(warning)
    onSignal(stop)
    onUncaught((what, error) => log.error(what, { error }), stop)
  } else {
    const { startFieldhouse } = await import('./app.ts')
    const { app, stop } = await startFieldhouse(config)
    for (const warning of misspelled(process.env)) app.log.warn(warning)
    onSignal(stop)
    onUncaught((what, error) => {
      app.log.error(what, { error })
      app.telemetry.report(error)
    }, stop)
  }
} catch (error) {
  console.error(isFull(error) ? 'The disk of DATA_DIR is full: make room, then start again' : namedMessageOf(error))
  process.exit(1)
}
