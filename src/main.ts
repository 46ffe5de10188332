import { startFieldhouse } from './app.ts'
import { readConfig } from './config.ts'
import { onSignal } from './runtime/signals.ts'

try {
  const { stop } = await startFieldhouse(readConfig(process.env))
  onSignal(stop)
} catch (error) {
  console.error(error instanceof Error ? `${error.name === 'Error' ? '' : `${error.name}: `}${error.message}` : error)
  process.exit(1)
}
