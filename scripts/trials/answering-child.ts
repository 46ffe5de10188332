/** A program of ours in a process of its own, which is asked in lines and answers in lines. */
import { endWithUs } from './end-with-us.ts'
import { linesOf } from './lines.ts'

type ChildOptions = { cwd?: string; env?: Record<string, string | undefined> }

/** `name`: for the error when it has ended. `args`: those of Bun. */
export function startAnsweringChild(name: string, args: readonly string[], options: ChildOptions = {}) {
  const child = Bun.spawn([process.execPath, ...args], { ...options, stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })
  endWithUs(child)
  const lines = linesOf(child.stdout)
  async function nextLine(): Promise<string> {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${name} has ended`)
    return value
  }
  return {
    /** The next line that it prints. */
    nextLine,
    /** Sends it a line; returns the next one that it prints. */
    async ask(line = ''): Promise<string> {
      child.stdin.write(`${line}\n`)
      child.stdin.flush()
      return nextLine()
    },
    /** Closes its input, and waits for its last line and its end. */
    async end(): Promise<string> {
      child.stdin.end()
      const line = await nextLine()
      await child.exited
      return line
    },
    async kill(): Promise<void> {
      child.kill(9)
      await child.exited
    },
  }
}
