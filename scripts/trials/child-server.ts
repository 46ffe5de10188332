/** Fieldhouse as a separate process on a free port, for the trials. */
import { withTimeout } from '../../src/platform/process/with-timeout.ts'
import { bundledMain } from '../build.ts'
import { demoCaller, operatorToken } from '../demo/call.ts'
import { childEnv, trialSettings } from './child-env.ts'
import { endWithUs } from './end-with-us.ts'
import { linesOf } from './lines.ts'

export type ChildEnv = Record<string, string | undefined>
export type ChildServer = Awaited<ReturnType<typeof startChildServer>>

const startTimeout = 90_000 // ms, on a busy machine
const answerTimeout = 60_000

/** `command` is put before the command of Bun, for example `faketime`. The server may be killed before it is open. */
export async function spawnServer(dataDir: string, env: ChildEnv = {}, command: string[] = []) {
  const child = Bun.spawn([...command, process.execPath, await bundledMain()], {
    env: { ...childEnv, ...trialSettings(dataDir, operatorToken), ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  endWithUs(child)
  const errors: string[] = []
  const opening = Promise.withResolvers<string>()
  opening.promise.catch(() => {}) // it may be killed before it is open
  async function readLog() {
    for await (const line of linesOf(child.stdout)) {
      if (/"level":"(error|fatal)"/.test(line)) errors.push(line)
      const url = line.includes('Fieldhouse is open') && /"url":"([^"]+)"/.exec(line)?.[1]
      if (url) opening.resolve(url)
    }
    const stderrText = await new Response(child.stderr).text()
    if (stderrText) errors.push(stderrText)
    opening.reject(new Error(`It ended before it opened: ${stderrText}${errors.at(-1) ?? ''}`))
  }
  readLog()
  const endBy = async (signal: 'SIGKILL' | 'SIGTERM') => {
    child.kill(signal)
    await child.exited
  }
  return {
    child,
    pid: child.pid,
    opened: opening.promise,
    role: env.ROLE ?? 'all',
    /** The lines of its log with errors, and its stderr. */
    errors,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    kill: () => endBy('SIGKILL'),
    stop: () => endBy('SIGTERM'),
    /** Stops its execution; it keeps its files and connections. */
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
  }
}

/** Resolves once the server is open. */
export async function startChildServer(dataDir: string, env: ChildEnv = {}, command: string[] = []) {
  const server = await spawnServer(dataDir, env, command)
  const url = await withTimeout(server.opened, startTimeout, () => {
    server.child.kill('SIGKILL')
    throw new Error(`It was not open within ${startTimeout / 1000} s`)
  })
  return { ...server, url, call: demoCaller(url, operatorToken, answerTimeout) }
}
