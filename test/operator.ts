import { join } from 'node:path'
import { bundledMain } from '../scripts/build.ts'
import { childEnv } from '../scripts/trials/child-env.ts'
import { startFieldhouse } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { namedMessageOf } from '../src/errors.ts'
import { afterTest, type Env, killAfterTest, printedUntil, readableLog } from './start.ts'

/** A Fieldhouse whose files may not grow beyond this size: writes then fail as on a full disk. */
export async function startOnSmallDisk(env: Env, kilobytes: number): Promise<string> {
  const command = `trap '' XFSZ; ulimit -f ${kilobytes}; exec "$@"`
  const child = Bun.spawn(['bash', '-c', command, 'bash', process.execPath, await bundledMain()], {
    env: { ...childEnv, PORT: '0', HOST: '127.0.0.1', ...env },
    stdout: 'pipe',
    stderr: 'inherit',
  })
  killAfterTest(child)
  const url = /"url":"([^"]+)"/
  return (await printedUntil(url, child.stdout)).match(url)?.[1] ?? ''
}

/** Runs a command in a process of its own and waits until it exits. */
async function run(command: string[], env: Env) {
  const child = Bun.spawn(command, { env: { ...childEnv, ...env }, stdout: 'pipe', stderr: 'pipe' })
  killAfterTest(child)
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  return { code: await child.exited, out, err }
}

/** Starts Fieldhouse as an operator does, where it is expected to exit. */
export const runToExit = async (env: Env, { prefix = [], args = [] }: { prefix?: string[]; args?: string[] } = {}) =>
  run([...prefix, process.execPath, await bundledMain(), ...args], { PORT: '0', HOST: '127.0.0.1', ...env })

/** Before a command that runs as root: permissions of files then count, as for any other user. */
export const withoutRootRights =
  process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : []

/** Runs a script of `scripts/`. `shellSetup` is a shell command that runs first, such as one that sets a limit. */
export function runScript(script: string, args: string[], env: Env, shellSetup?: string) {
  const command = [process.execPath, join(import.meta.dir, '..', 'scripts', script), ...args]
  return run(shellSetup ? ['bash', '-c', `${shellSetup}; exec "$@"`, 'bash', ...command] : command, env)
}

/** The output of a refused start, without a separate process. */
export async function refusedStart(env: Env): Promise<string> {
  const { log, lines } = readableLog()
  try {
    afterTest((await startFieldhouse(readConfig({ PORT: '0', HOST: '127.0.0.1', ...env }), { log })).stop)
  } catch (error) {
    log.flush()
    return [...lines.map(line => JSON.stringify(line)), namedMessageOf(error)].join('\n')
  }
  throw new Error('It was not refused')
}
