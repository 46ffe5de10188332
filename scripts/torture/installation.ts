/** One data folder, the processes that share it, and the Redis or small disk they use. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ChildEnv, type ChildServer, startChildServer } from '../trials/child-server.ts'
import type { OwnRedis } from '../trials/own-redis.ts'
import type { SmallDisk } from '../trials/small-disk.ts'

export type ProcessLayout = { says: string; roles: readonly string[]; redis?: true; smallDisk?: true }

/** Taken in turn. */
export const layouts: readonly ProcessLayout[] = [
  { says: 'one process', roles: ['all'] },
  { says: 'web and worker', roles: ['web', 'worker'], smallDisk: true },
  { says: 'one process with Redis', roles: ['all'], redis: true },
  { says: 'two processes', roles: ['all', 'all'] },
  { says: 'one process on a small disk', roles: ['all'], smallDisk: true },
  { says: 'web and worker with Redis', roles: ['web', 'worker'], redis: true },
]

export type Installation = ReturnType<typeof openInstallation>
type Resources = { redis: OwnRedis | undefined; disk: SmallDisk | undefined }

export function openInstallation({ says, roles }: ProcessLayout, { redis, disk }: Resources) {
  const dataDir = mkdtempSync(join(disk?.folder ?? tmpdir(), 'fieldhouse-torture-'))
  let servers: ChildServer[] = []
  let kills = 0
  let startTakes = 1000
  const logs: string[][] = []
  const envOf = (role: string, more: ChildEnv): ChildEnv => ({
    ROLE: role,
    REDIS_URL: redis?.url,
    BACKUP_KEEP: '2',
    ...more,
  })
  return {
    dataDir,
    says,
    redis,
    disk,
    roles,
    envOf,
    servers: () => servers,
    /** The servers that answer requests. */
    doors: () => servers.filter(({ role, hasEnded }) => role !== 'worker' && !hasEnded()),
    kills: () => kills,
    async start(more: ChildEnv = {}) {
      const began = performance.now()
      servers = await Promise.all(roles.map(role => startChildServer(dataDir, envOf(role, more))))
      logs.push(...servers.map(({ errors }) => errors))
      startTakes = Math.ceil(performance.now() - began)
    },
    async kill(these = servers) {
      const alive = these.filter(({ hasEnded }) => !hasEnded())
      kills += alive.length
      await Promise.all(alive.map(server => server.kill()))
    },
    countKill: () => void kills++,
    /** Errors logged by all its processes, including those that have ended. */
    errors: () => logs.flat(),
    /** ms that the last start took. */
    startTakes: () => startTakes,
    /** Starts a new process with the role of one that has ended. */
    async replace(gone: ChildServer) {
      const next = await startChildServer(dataDir, envOf(gone.role, {}))
      servers = servers.map(server => (server === gone ? next : server))
    },
    remove: () => rmSync(dataDir, { recursive: true, force: true }),
  }
}
