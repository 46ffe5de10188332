import type { Log } from './log.ts'

/** Where errors go beside the log. Sentry is imported only with a DSN. */
export type Telemetry = {
  report(error: unknown, facts?: Record<string, unknown>): void
  close(): Promise<void>
}

export type TelemetrySettings = {
  dsn: string | undefined
  traces: number
  environment: string
  release: string
  log: Log
}

export async function openTelemetry({ dsn, traces, environment, release, log }: TelemetrySettings): Promise<Telemetry> {
  if (!dsn) return { report: () => {}, close: async () => {} }
  const Sentry = await import('@sentry/bun')
  Sentry.init({
    dsn,
    environment,
    release: `fieldhouse@${release}`,
    tracesSampleRate: traces,
    tracePropagationTargets: [], // no trace headers to other people's servers
    debug: false,
  })
  log.info('Errors are reported to Sentry')
  return {
    report: (error, facts = {}) => void Sentry.captureException(error, { extra: facts }),
    close: async () => void (await Sentry.close(1_500)),
  }
}
