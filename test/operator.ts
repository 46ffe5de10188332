import { join } from 'node:path'
import { afterTest } from './start.ts'

const program = join(import.meta.dir, '../src/main.ts')

/** A Fieldhouse none of whose files may grow beyond this: writing fails for it as it does on a full disk. */
export async function onSmallDisk(env: Record<string, string>, kilobytes: number): Promise<string> {
  const command = `trap '' XFSZ; ulimit -f ${kilobytes}; exec "$@"`
  const child = Bun.spawn(['bash', '-c', command, 'bash', process.execPath, program], {
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', PORT: '0', HOST: '127.0.0.1', ...env },
    stdout: 'pipe',
    stderr: 'inherit',
  })
  afterTest(async () => {
    child.kill(9)
    await child.exited
  })
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const url = text.match(/"url":"([^"]+)"/)?.[1]
    if (url) return url
  }
  throw new Error('It ended before it opened')
}

/** Starts Fieldhouse, or one of its programs, as its operator does, and waits for it to give up: its exit code, and what it said on the way out. */
export async function main(
  env: Record<string, string>,
  script = 'src/main.ts',
): Promise<{ code: number; said: string }> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, '..', script)], {
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', PORT: '0', HOST: '127.0.0.1', ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  afterTest(async () => {
    child.kill(9)
    await child.exited
  })
  const [code, said, logged] = await Promise.all([
    child.exited,
    new Response(child.stderr).text(),
    new Response(child.stdout).text(),
  ])
  return { code, said: (logged + said).trim() }
}
