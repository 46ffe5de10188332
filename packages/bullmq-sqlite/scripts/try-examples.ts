/**
 * Installs each example into an empty folder, with this package as it would be published, and checks that it works. It is run by
 * hand, because it fetches some two hundred packages.
 *
 *   node scripts/try-examples.ts
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'bullmq-sqlite-examples-'))

function npm(cwd: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm ${args.join(' ')}\n${stderr}`)
  return stdout.trim()
}

function install(name: string): string {
  const copy = join(folder, name)
  cpSync(join(root, 'examples', name), copy, { recursive: true, filter: path => !path.includes('node_modules') })
  const manifest = join(copy, 'package.json')
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('file:../..', `file:${tarball}`))
  npm(copy, 'install', '--no-audit', '--no-fund')
  return copy
}

function expectText(text: string, expected: string, where: string): void {
  if (!text.includes(expected)) throw new Error(`${where}: ${JSON.stringify(expected)} is not in ${text}`)
  console.log(`${where}: ${expected}`)
}

const tarball = join(folder, npm(root, 'pack', '--silent', '--pack-destination', folder).split('\n').at(-1) ?? '')
try {
  expectText(npm(install('nestjs'), 'start', '--silent'), 'sent to ann@example.org', 'nestjs')

  const cwd = install('bull-board')
  const child = spawn(process.execPath, ['main.js'], {
    cwd,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  try {
    const { value: url = '' } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
    expectText(await (await fetch(url)).text(), '<title>Bull Dashboard</title>', 'bull-board')
    expectText(await (await fetch(`${url}/api/queues`)).text(), '"name":"mail"', 'bull-board')
  } finally {
    child.kill()
    await exited
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
