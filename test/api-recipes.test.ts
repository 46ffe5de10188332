/** The recipes of docs/api.md work when pasted into a shell. */
import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { newTrader } from './market.ts'
import { start, temporaryFolder } from './start.ts'

const recipes = readFileSync(join(import.meta.dir, '../docs/api.md'), 'utf8').split('## Recipes')[1] ?? ''
const script = [...recipes.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, lines]) => lines).join('\n')
const shell = Bun.which('bash') && Bun.which('curl') && Bun.which('jq')

test.if(shell !== null)('the recipes of the API work when pasted one after the other', async () => {
  const fieldhouse = await start()
  const { key } = await newTrader(fieldhouse, 'Otto', 'officer')
  const pasted = script.replace(/^export .*$/m, `export FIELDHOUSE=${fieldhouse.url} KEY=${key}`)
  const child = Bun.spawn(['bash', '-euo', 'pipefail', '-c', pasted], {
    cwd: temporaryFolder(),
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [output, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  expect({ code: await child.exited, errors }).toEqual({ code: 0, errors: '' })
  expect(output).toContain('1\tBob\t75\n2\tAnn\t40\n')
  expect(output).toContain('"cash_cents": 9786500')
  expect(output).toContain('"coverage": 1')
})
