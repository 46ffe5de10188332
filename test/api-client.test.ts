/** A TypeScript client made from the API's own document compiles. */
import { afterEach, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fetchedTest, isLong } from './needs.ts'
import { misfits, type Thing } from './openapi.ts'
import { start, stopEverything, temporaryFolder } from './start.ts'

afterEach(stopEverything)

const client = `import type { components, paths } from './api.ts'

type Json<Answer> = Answer extends { content: { 'application/json': infer Body } } ? Body : never
type Board = Json<paths['/api/v1/leagues/{id}/leaderboard']['get']['responses'][200]>
type NewLeague = NonNullable<paths['/api/v1/leagues']['post']['requestBody']>['content']['application/json']

export const names = ({ rows }: Board): string[] => rows.map(({ name }) => name)
export const season: NewLeague = { name: 'Northern', kind: 'sheet', starts_at: '2026-01-01T00:00:00Z', ends_at: '2026-12-31T00:00:00Z' }
export const detailOf = (problem: components['schemas']['Problem']): string => problem.detail
`

/** In long rounds, because the generator takes seconds; swagger.test.ts always checks the document itself. */
const longTest = isLong ? fetchedTest : () => {}

longTest('a TypeScript client made from /swagger/json compiles', async () => {
  const { url } = await start({ ROLE: 'web' })
  const folder = temporaryFolder()
  const command = [
    process.execPath,
    'x',
    'openapi-typescript@7.9.1',
    `${url}/swagger/json`,
    '-o',
    join(folder, 'api.ts'),
  ]
  const generator = Bun.spawn(command, { stdout: 'pipe', stderr: 'pipe' })
  expect([await generator.exited, await new Response(generator.stderr).text()]).toEqual([0, expect.anything()])
  writeFileSync(join(folder, 'client.ts'), client)
  const tsc = join(import.meta.dir, '../node_modules/.bin/tsc')
  const options = [
    '--noEmit',
    '--strict',
    '--exactOptionalPropertyTypes',
    '--allowImportingTsExtensions',
    '--module',
    'esnext',
    '--moduleResolution',
    'bundler',
  ]
  const compiled = Bun.spawn([tsc, ...options, join(folder, 'client.ts')], {
    cwd: folder,
    stdout: 'pipe',
    stderr: 'pipe',
  })
  expect([await compiled.exited, await new Response(compiled.stdout).text()]).toEqual([0, ''])
})

test('every field of the API page has a valid example, and sections are in the order people need them', async () => {
  const { as } = await start({ ROLE: 'web' })
  const document = await as().get('/swagger/json')
  const withoutExample: string[] = []
  const invalidExamples: string[] = []
  const checkExamples = (at: string, value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const schema = value as Thing
    const isField = ['string', 'integer', 'number'].includes(String(schema.type)) && schema.format !== 'binary'
    if (
      isField &&
      schema.example === undefined &&
      schema.enum === undefined &&
      schema.default === undefined &&
      /properties\/\w+$/.test(at)
    )
      withoutExample.push(at)
    if (schema.type && schema.example !== undefined)
      invalidExamples.push(...misfits(document, schema, schema.example, at))
    for (const [key, part] of Object.entries(schema)) if (key !== 'example') checkExamples(`${at}/${key}`, part)
  }
  checkExamples('', document.paths)
  checkExamples('', document.components)
  expect(withoutExample).toEqual([])
  expect(invalidExamples).toEqual([])
  expect(document.tags.slice(0, 4).map(({ name }: { name: string }) => name)).toEqual([
    'leagues',
    'leaderboard',
    'uploads',
    'jobs',
  ])
  expect(document.tags.filter(({ description }: { description?: string }) => !description)).toEqual([])
})
