/** A process of `ROLE=compute`: takes heavy work from Redis and needs nothing else, not even a folder. */
import { availableParallelism } from 'node:os'
import packageJson from '../package.json' with { type: 'json' }
import { computeTasks } from './compute.ts'
import type { Config } from './config.ts'
import { systemClock } from './platform/clock.ts'
import { startComputeWorker } from './platform/jobs/compute.ts'
import { type Log, openLog } from './platform/process/log.ts'
import { openRedis } from './platform/redis.ts'

export async function startComputeProcess(config: Config, log: Log = openLog(config.logLevel, systemClock.now)) {
  const { version } = packageJson
  if (!config.redisUrl) throw new Error('ROLE=compute needs REDIS_URL: its work comes from there')
  const redis = await openRedis(config.redisUrl, log)
  const atOnce = Math.max(1, Math.floor(availableParallelism() / 2)) // a solver keeps two threads busy at times
  const settings = { connect: redis.connect, namespace: config.namespace, version }
  const worker = await startComputeWorker(settings, computeTasks, atOnce, log)
  const probe = (isOk: boolean) => new Response(isOk ? 'ok' : 'no Redis', { status: isOk ? 200 : 503 })
  const server = Bun.serve({
    port: config.port,
    hostname: config.host,
    reusePort: false,
    routes: { '/livez': () => probe(true), '/readyz': () => probe(worker.isReady()) },
    fetch: () => new Response('A compute process answers /livez and /readyz alone\n', { status: 404 }),
  })
  const url = String(server.url).replace(/\/$/, '')
  log.info('Fieldhouse is open', { url, role: config.role, version, at_once: atOnce })
  return {
    url,
    log,
    async stop() {
      await worker.stop()
      await server.stop(true)
      redis.close()
      log.flush()
    },
  }
}
