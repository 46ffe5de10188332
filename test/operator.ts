import { join } from 'node:path'
import { bundledMain } from '../scripts/build.ts'
import { childEnv } from '../scripts/trials/child-env.ts'
import { startFieldhouse } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { namedMessageOf } from '../src/errors.ts'
import { afterTest, printedUntil, readableLog } from './start.ts'

/** A Fieldhouse whose files may not grow beyond this size: writes then fail as on a full disk. */
export async function startOnSmallDisk(env: Record<string, string>, kilobytes: number): Promise<string> {
  const command = `trap '' XFSZ; ulimit -f ${kilobytes}; exec "$@"`
  const child = Bun.spawn(['bash', '-c', command, 'bash', process.execPath, await bundledMain()], {
    env: { ...childEnv, PORT: '0', HOST: '127.0.0.1', ...env },
    stdout: 'pipe',
    stderr: 'inherit',
  })
  afterTest(async () => {
    child.kill(9)
    await child.exited
  })
  const url = /"url":"([^"]+)"/
  return (await printedUntil(url, child.stdout)).match(url)?.[1] ?? ''
}

/** Starts Fieldhouse, or one of its scripts, as an operator does, and waits until it exits. Returns its exit code and output. */
export async function runToExit(
  env: Record<string, string>,
  script?: string,
): Promise<{ code: number; output: string }> {
  const child = Bun.spawn([process.execPath, script ? join(import.meta.dir, '..', script) : await bundledMain()], {
    env: { ...childEnv, PORT: '0', HOST: '127.0.0.1', ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  afterTest(async () => {
    child.kill(9)
    await child.exited
  })
  const [code, output, logged] = await Promise.all([
    child.exited,
    new Response(child.stderr).text(),
    new Response(child.stdout).text(),
  ])
  return { code, output: (logged + output).trim() }
}

/** Runs a script of `scripts/` in a process of its own. `shellSetup` is a shell command that runs first, such as one that sets a limit. */
export async function runScript(script: string, args: string[], env: Record<string, string>, shellSetup?: string) {
  const command = [process.execPath, join(import.meta.dir, '..', 'scripts', script), ...args]
  const child = Bun.spawn(shellSetup ? ['bash', '-c', `${shellSetup}; exec "$@"`, 'bash', ...command] : command, {
    env: { ...childEnv, ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  return { code: await child.exited, out, err }
}

/** The output of a refused start, without a separate process. */
export async function refusedStart(env: Record<string, string>): Promise<string> {
  const { log, lines } = readableLog()
  try {
    afterTest((await startFieldhouse(readConfig({ PORT: '0', HOST: '127.0.0.1', ...env }), { log })).stop)
  } catch (error) {
    log.flush()
    return [...lines.map(line => JSON.stringify(line)), namedMessageOf(error)].join('\n')
  }
  throw new Error('It was not refused')
}
