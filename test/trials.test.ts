/** Short rounds of the trials; the long ones are run by hand, and docs/trust.md says what they found. */
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { isLong, rounds } from './needs.ts'

async function trial(script: string, ...options: (string | number)[]) {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, '../scripts', script), ...options.map(String)], {
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [output, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  expect(errors).toBe('')
  expect(output).toContain('0 findings')
  expect(code).toBe(0)
}

test('odd requests on every route, page and form as every role, odd sheets and odd connections find no fault', async () => {
  await trial('fuzz.ts', '--seed', 1, '--requests', rounds(150, 100_000), '--pages', rounds(40, 20_000))
}, 900_000)

test('processes that are killed lose nothing; in long runs neither do restores and migrations', async () => {
  const faults = ['--faults', isLong ? 'kill,restore,migrate' : 'kill', '--seconds', 0.5]
  await trial('torture.ts', '--seed', 35, '--layout', 1, '--rounds', rounds(1, 300), ...faults)
}, 900_000)
