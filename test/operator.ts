import { join } from 'node:path'
import { afterTest } from './start.ts'

/** Starts Fieldhouse as its operator does, and waits for it to give up: its exit code, and what it said on the way out. */
export async function main(env: Record<string, string>): Promise<{ code: number; said: string }> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, '../src/main.ts')], {
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
