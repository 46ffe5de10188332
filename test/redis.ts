/** A real Redis for one test, on a free port with its own folder, killed after the test. */
import { freePort } from '../scripts/trials/free-port.ts'
import { redisServer } from './needs.ts'
import { afterTest, printedUntil, temporaryFolder } from './start.ts'

export async function startRedis({ appendonly = false, options = [] as string[] } = {}) {
  const port = freePort()
  const folder = temporaryFolder()
  const persistence = appendonly ? ['--appendonly', 'yes', '--appendfsync', 'everysec'] : ['--appendonly', 'no']
  const command = [
    redisServer ?? 'redis-server',
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--save',
    '',
    ...persistence,
    ...options,
  ]
  let server = await launch()
  afterTest(async () => {
    server.kill(9)
    await server.exited
  })

  async function launch() {
    const child = Bun.spawn(command, { stdout: 'pipe', stderr: 'inherit' })
    await printedUntil(/Ready to accept connections/, child.stdout)
    return child
  }

  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    pid: () => server.pid,
    /** It stops answering, but keeps its connections. */
    freeze: () => process.kill(server.pid, 'SIGSTOP'),
    thaw: () => process.kill(server.pid, 'SIGCONT'),
    async kill() {
      server.kill(9)
      await server.exited
    },
    async stop() {
      server.kill('SIGTERM')
      await server.exited
    },
    async restart() {
      server.kill(9)
      await server.exited
      server = await launch()
    },
  }
}
