/** A child process that communicates in lines. */
import { join } from 'node:path'
import { linesOf } from '../../scripts/trials/lines.ts'
import { killAfterTest } from '../start.ts'

export function startChild(script: string, ...args: string[]) {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, script), ...args], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const kill9 = killAfterTest(child)
  const lines = linesOf(child.stdout)
  return {
    pid: child.pid,
    /** The next line it prints. */
    async answer(): Promise<string> {
      const { value, done } = await lines.next()
      if (done) throw new Error(`${script} ended instead of speaking`)
      return value
    },
    send(line: string) {
      child.stdin.write(`${line}\n`)
      child.stdin.flush()
    },
    kill9,
    freeze: () => process.kill(child.pid, 'SIGSTOP'),
    thaw: () => process.kill(child.pid, 'SIGCONT'),
  }
}
