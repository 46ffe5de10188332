import { type Log, masked, withoutSecrets } from './log.ts'

/** Where errors go beside the log. Sentry is imported only with a DSN: it takes a tenth of a second and 40 MB. */
export type Telemetry = {
  report(error: unknown, facts?: Record<string, unknown>): void
  /** Tells of an answered request; `began` as of performance.now(). Absent where requests are not traced. */
  trace?(route: string, began: number, ms: number, status: number): void
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
  // None of Sentry's own ears: they send along bodies, cookies and queries, and add headers to what we ask of others.
  Sentry.initWithoutDefaultIntegrations({
    dsn,
    environment,
    release: `fieldhouse@${release}`,
    tracesSampleRate: traces,
    tracePropagationTargets: [],
    integrations: [
      Sentry.eventFiltersIntegration(),
      Sentry.linkedErrorsIntegration(),
      Sentry.dedupeIntegration(),
      Sentry.contextLinesIntegration(),
    ],
    beforeSend(event) {
      for (const one of event.exception?.values ?? []) one.value &&= withoutSecrets(one.value)
      return event
    },
  })
  log.info('Errors are reported to Sentry')

  function trace(route: string, began: number, ms: number, status: number) {
    const startTime = performance.timeOrigin + began
    Sentry.startNewTrace(() => {
      const span = Sentry.startInactiveSpan({ name: route, op: 'http.server', startTime, forceTransaction: true })
      Sentry.setHttpStatus(span, status)
      span.end(startTime + ms)
    })
  }

  return {
    report: (error, facts = {}) =>
      void Sentry.captureException(error, { extra: masked(facts) as Record<string, unknown> }),
    ...(traces > 0 && { trace }),
    close: async () => void (await Sentry.close(1_500)),
  }
}
