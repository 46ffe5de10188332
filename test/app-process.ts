/** Starts `children/app.ts` and communicates with it in lines: commands to it, answers and logs from it. */

import { join } from 'node:path'
import { childEnv } from '../scripts/trials/child-env.ts'
import { linesOf } from '../scripts/trials/lines.ts'
import { adminToken, caller, defaults, type Env, finisher, killAfterTest, temporaryFolder, until } from './start.ts'

export async function openAppProcess(env: Env = {}) {
  const dataDir = env.DATA_DIR ?? temporaryFolder()
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'children/app.ts')], {
    env: { ...childEnv, ...defaults(dataDir), ...env },
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  killAfterTest(child)
  const answers: string[] = []
  const logged: Record<string, unknown>[] = []
  const outputRead = (async () => {
    for await (const line of linesOf(child.stdout)) {
      if (line.startsWith('{')) logged.push(JSON.parse(line))
      else answers.push(line)
    }
  })()
  /** The rest of the next line that starts with this word. */
  async function answer(word: string): Promise<string> {
    const position = await until(() => {
      const i = answers.findIndex(line => line.startsWith(`${word} `))
      if (i < 0 && child.exitCode !== null) throw new Error(`It ended with ${child.exitCode}`)
      return i < 0 ? undefined : i + 1
    })
    return answers.splice(position - 1, 1)[0]?.slice(word.length + 1) ?? ''
  }
  const url = await answer('open')
  return {
    url,
    child,
    dataDir,
    logged,
    answer,
    send(line: string) {
      child.stdin.write(`${line}\n`)
      child.stdin.flush()
    },
    call: caller(url, adminToken),
    finished: finisher(url, adminToken),
    /** Its exit code, once all its output has been read. */
    async ended() {
      const code = await child.exited
      await outputRead
      return code
    },
  }
}
