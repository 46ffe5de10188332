/** Golden files: the expected text of pages. `GOLDEN=write` rewrites them; read the diff before you commit. */
import { expect } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'

export async function expectGolden(name: string, text: string): Promise<void> {
  const path = join(import.meta.dir, 'fixtures', name)
  if (process.env.GOLDEN === 'write') {
    mkdirSync(dirname(path), { recursive: true })
    await Bun.write(path, text)
  }
  expect(text).toBe(await Bun.file(path).text())
}
