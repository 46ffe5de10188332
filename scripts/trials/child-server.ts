/** Fieldhouse as a process of its own on a free port, for the scripts that do it harm. */
import { join } from 'node:path'
import { demoCaller } from '../demo/call.ts'

export const operatorToken = 'operator-of-a-trial-0123456789'

export type ChildServer = Awaited<ReturnType<typeof startChildServer>>

/** Resolves once it says that it is open. `command` goes before Bun's own: `faketime`, for one. */
export async function startChildServer(
  dataDir: string,
  env: Record<string, string | undefined> = {},
  command: string[] = [],
) {
  const child = Bun.spawn([...command, process.execPath, join(import.meta.dir, '../../src/main.ts')], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      PORT: '0',
      HOST: '127.0.0.1',
      DATA_DIR: dataDir,
      ADMIN_TOKEN: operatorToken,
      RATE_LIMIT: '0',
      ALLOW_PRIVATE_FEEDS: 'true',
      ...env,
    },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const errors: string[] = []
  const opened = Promise.withResolvers<string>()
  async function readLog() {
    let rest = ''
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (/"level":"(error|fatal)"/.test(line)) errors.push(line)
        const url = line.includes('Fieldhouse is open') && /"url":"([^"]+)"/.exec(line)?.[1]
        if (url) opened.resolve(url)
      }
    }
    const complaint = await new Response(child.stderr).text()
    if (complaint) errors.push(complaint)
    opened.reject(new Error(`It ended before it opened: ${complaint}${errors.at(-1) ?? ''}`))
  }
  readLog()
  const url = await opened.promise
  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    child.kill(signal)
    await child.exited
  }
  return {
    url,
    pid: child.pid,
    /** The lines of its log that tell of errors. */
    errors,
    call: demoCaller(url, operatorToken),
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  }
}
