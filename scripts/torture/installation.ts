/** One data folder, the processes that share it, and the Redis or small disk they use. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ChildEnv, type ChildServer, startChildServer } from '../trials/child-server.ts'
import type { OwnRedis } from '../trials/own-redis.ts'
import type { SmallDisk } from '../trials/small-disk.ts'

export type ProcessLayout = { description: string; roles: readonly string[]; redis?: true; smallDisk?: true }

/** Taken in turn. */
export const layouts: readonly ProcessLayout[] = [
  { description: 'one process', roles: ['all'] },
  { description: 'web and worker', roles: ['web', 'worker'], smallDisk: true },
  { description: 'one process with Redis', roles: ['all'], redis: true },
  { description: 'two processes', roles: ['all', 'all'] },
  { description: 'one process on a small disk', roles: ['all'], smallDisk: true },
  { description: 'web and worker with Redis', roles: ['web', 'worker'], redis: true },
]

export type Installation = ReturnType<typeof openInstallation>
type InstallationResources = { redis: OwnRedis | undefined; disk: SmallDisk | undefined }

export function openInstallation({ description, roles }: ProcessLayout, { redis, disk }: InstallationResources) {
  const dataDir = mkdtempSync(join(disk?.folder ?? tmpdir(), 'fieldhouse-torture-'))
  let servers: ChildServer[] = []
  let kills = 0
  let startMs = 1000
  const logs: string[][] = []
  const envOf = (role: string, extraEnv: ChildEnv): ChildEnv => ({
    ROLE: role,
    REDIS_URL: redis?.url,
    BACKUP_KEEP: '2',
    ...extraEnv,
  })
  return {
    dataDir,
    description,
    redis,
    disk,
    roles,
    envOf,
    servers: () => servers,
    /** The servers that answer requests. */
    httpServers: () => servers.filter(({ role, hasEnded }) => role !== 'worker' && !hasEnded()),
    kills: () => kills,
    async start(extraEnv: ChildEnv = {}) {
      const startedAt = performance.now()
      servers = await Promise.all(roles.map(role => startChildServer(dataDir, envOf(role, extraEnv))))
      logs.push(...servers.map(({ errors }) => errors))
      startMs = Math.ceil(performance.now() - startedAt)
    },
    async kill(targets = servers) {
      const alive = targets.filter(({ hasEnded }) => !hasEnded())
      kills += alive.length
      await Promise.all(alive.map(server => server.kill()))
    },
    countKill: () => void kills++,
    /** Errors logged by all its processes, including those that have ended. */
    errors: () => logs.flat(),
    /** ms that the last start took. */
    startMs: () => startMs,
    /** Starts a new process with the role of one that has ended. */
    async replace(ended: ChildServer) {
      const replacement = await startChildServer(dataDir, envOf(ended.role, {}))
      servers = servers.map(server => (server === ended ? replacement : server))
    },
    remove: () => rmSync(dataDir, { recursive: true, force: true }),
  }
}
