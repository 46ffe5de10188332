import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import packageJson from '../package.json' with { type: 'json' }
import { billOfMaterials } from '../scripts/sbom.ts'

test('the bill of materials lists every package of the lock once, with version, checksum and licence', () => {
  const bill = billOfMaterials()
  expect(bill).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6' })
  const { components } = bill
  const refs = components.map(component => component['bom-ref'])
  expect(new Set(refs).size).toBe(refs.length)
  const locked = readFileSync(join(import.meta.dir, '../bun.lock'), 'utf8').matchAll(
    /\["((?:@[^"@]+)?[^"@]*@\d[^"]*)", "/g,
  )
  const inLock = [...new Set([...locked].map(([, spec = '']) => `pkg:npm/${spec.replace(/^@/, '%40')}`))]
  expect(inLock.length).toBeGreaterThan(100)
  expect(refs.toSorted()).toEqual(inLock.toSorted())
  for (const { hashes } of components) expect(hashes[0]?.content).toMatch(/^[0-9a-f]{128}$/)

  const scopeOf = (name: string) => components.find(component => component.name === name)?.scope
  for (const name of Object.keys(packageJson.dependencies))
    if (name !== 'bullmq-sqlite') expect(scopeOf(name)).toBe('required')
  for (const name of ['@biomejs/biome', 'drizzle-kit', 'playwright-core']) expect(scopeOf(name)).toBe('excluded')
  const direct = components.filter(({ name }) => name in packageJson.dependencies)
  expect(direct.filter(({ licenses }) => !licenses).map(({ name }) => name)).toEqual([])
})
