import { hostname } from 'node:os'
import { minute } from '../clock.ts'
import { type Log, masked, throttled, withoutSecrets } from './log.ts'

/**
 * Where errors go besides the log. Sentry is imported only with a DSN, because it takes time and memory. Only its core: the
 * package for Bun brings bundler plugins along, and with them a program that is not open source.
 */
export type Telemetry = {
  report(error: unknown, facts?: Record<string, unknown>): void
  /** Reports an answered request; `began` is a time of performance.now(). Absent where requests are not traced. */
  trace?(route: string, began: number, ms: number, status: number): void
  close(): Promise<void>
}

type TelemetrySettings = {
  dsn: string | undefined
  traces: number
  environment: string
  release: string
  log: Log
}

export async function openTelemetry({ dsn, traces, environment, release, log }: TelemetrySettings): Promise<Telemetry> {
  if (!dsn) return { report: () => {}, close: async () => {} }
  const Sentry = await import('@sentry/core')
  const { nodeStackLineParser, ServerRuntimeClient } = await import('@sentry/core/server')
  const isDue = throttled(10 * minute)
  // Only these integrations of Sentry: others send bodies, cookies and queries, and add headers to our requests.
  const client = new ServerRuntimeClient({
    dsn,
    environment,
    release: `fieldhouse@${release}`,
    platform: 'javascript',
    runtime: { name: 'bun', version: Bun.version },
    serverName: hostname(),
    tracesSampleRate: traces,
    tracePropagationTargets: [],
    stackParser: Sentry.createStackParser(nodeStackLineParser()),
    transport: options =>
      Sentry.createTransport(options, async ({ body }) => {
        const sent = typeof body === 'string' ? body : new Uint8Array(body)
        const answer = await fetch(options.url, { method: 'POST', body: sent }).catch(error => {
          if (isDue('down')) log.warn('Sentry cannot be reached', { error })
          throw error
        })
        const { status, headers } = answer
        if (!answer.ok && isDue('refused')) log.warn('Sentry refuses reports', { status })
        return {
          statusCode: status,
          headers: {
            'x-sentry-rate-limits': headers.get('x-sentry-rate-limits'),
            'retry-after': headers.get('retry-after'),
          },
        }
      }),
    integrations: [Sentry.eventFiltersIntegration(), Sentry.linkedErrorsIntegration(), Sentry.dedupeIntegration()],
    beforeSend(event) {
      for (const exception of event.exception?.values ?? []) exception.value &&= withoutSecrets(exception.value)
      return event
    },
  })
  Sentry.setCurrentClient(client)
  client.init()
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
    close: async () => void (await client.close(1_500)),
  }
}
