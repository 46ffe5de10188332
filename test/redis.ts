/** A real Redis for one test, on a free port with its own folder, killed after the test. */
import { startOwnRedis } from '../scripts/trials/own-redis.ts'
import { afterTest, temporaryFolder } from './start.ts'

export async function startRedis({ appendonly = false, options = [] as string[] } = {}) {
  const persistence = appendonly ? ['--appendonly', 'yes', '--appendfsync', 'everysec'] : []
  const redis = await startOwnRedis(['--dir', temporaryFolder(), ...persistence, ...options])
  afterTest(redis.kill)
  return redis
}
