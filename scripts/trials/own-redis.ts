/** A separate Redis for a trial or a test, without persistence unless `more` options say otherwise. */

import { endWithUs } from './end-with-us.ts'
import { freePort } from './free-port.ts'
import { linesOf } from './lines.ts'

export const redisServer = Bun.which('redis-server')
export type OwnRedis = Awaited<ReturnType<typeof startOwnRedis>>

export async function startOwnRedis(more: readonly string[] = []) {
  const port = freePort()
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', ...more]
  const url = `redis://127.0.0.1:${port}`
  let server = await launch()

  async function launch() {
    const child = Bun.spawn([redisServer ?? 'redis-server', ...options], { stdout: 'pipe', stderr: 'ignore' })
    endWithUs(child)
    for await (const line of linesOf(child.stdout)) if (line.includes('Ready to accept connections')) return child
    throw new Error('Redis did not start')
  }
  async function configure(name: string, value: string) {
    const client = new Bun.RedisClient(url)
    await client.send('CONFIG', ['SET', name, value])
    client.close()
  }
  async function end(signal: 'SIGKILL' | 'SIGTERM') {
    server.kill(signal)
    await server.exited
  }
  const kill = () => end('SIGKILL')

  return {
    port,
    url,
    pid: () => server.pid,
    kill,
    stop: () => end('SIGTERM'),
    /** Without persistence it starts again empty. */
    async restart() {
      await kill()
      server = await launch()
    },
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    /** It refuses every write that needs memory. */
    fill: () => configure('maxmemory', '1'),
    empty: () => configure('maxmemory', '0'),
  }
}
