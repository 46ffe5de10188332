/** The package that `npm publish` would send, installed into an empty folder with its dependencies, and run on Node and on Bun. */
import { spawnSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, isBun, registryTest, temporaryFolder } from './support.ts'

const root = join(import.meta.dirname, '..')
const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const bullmq = `bullmq@${process.env.BULLMQ_VERSION ?? devDependencies.bullmq}`
const typescript = join(root, '../../node_modules/typescript/bin/tsc')

function run(cwd: string, ...[command = '', ...args]: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw error ?? new Error(`${command} ${args.join(' ')}\n${stdout}\n${stderr}`)
  return stdout.trim()
}

/** A queue, a worker and a flow; then the thread must copy the log while the main thread does nothing else. */
const programText = `
import { statSync } from 'node:fs'
import { createSqliteBackend } from 'bullmq-sqlite'
import { withBackend } from 'bullmq'
const { Queue, Worker, QueueEvents, FlowProducer } = withBackend(createSqliteBackend)
for (const path of [':memory:', process.argv[2]]) {
  const connection = { path }
  const queue = new Queue('mail', { connection })
  const events = new QueueEvents('mail', { connection })
  const worker = new Worker('mail', async job => 'to ' + job.data.to, { connection })
  const flows = new FlowProducer({ connection })
  await events.waitUntilReady()
  const job = await queue.add('welcome', { to: 'ann' })
  const answer = await job.waitUntilFinished(events)
  const children = [{ name: 'child', queueName: 'mail', data: { to: 'bob' } }]
  const { job: parent } = await flows.add({ name: 'parent', queueName: 'mail', data: { to: 'all' }, children })
  await parent.waitUntilFinished(events)
  if (path !== ':memory:') {
    await new Promise(resolve => setTimeout(resolve, 1500)) // the thread starts a second after the first write, and leaves a log of less than a megabyte
    const before = statSync(path).size
    await queue.addBulk(Array.from({ length: 1000 }, () => ({ name: 'many', data: { to: 'x'.repeat(2000) }, opts: { delay: 60000 } })))
    const cell = new Int32Array(new SharedArrayBuffer(4))
    for (let tries = 0; tries < 60 && statSync(path).size <= before; tries++) Atomics.wait(cell, 0, 0, 500)
    if (statSync(path).size <= before) throw new Error('no thread has copied the log')
  }
  for (const it of [worker, events, flows, queue]) await it.close()
  console.log(answer, Object.values(await parent.getChildrenValues().catch(() => ({})))[0] ?? 'closed')
}
`
const typedText = `
import { withBackend } from 'bullmq'
import { createSqliteBackend, type SqliteQueueBackend, type StoreOptions } from 'bullmq-sqlite'
const connection: StoreOptions = { path: 'queue.db', durability: 'power', busyTimeout: 100 }
const { Queue } = withBackend(createSqliteBackend)
const queue = new Queue('mail', { connection })
const backend: SqliteQueueBackend = queue.getBackend()
export const names: Promise<string[]> = queue.getJobs(['waiting']).then(jobs => jobs.map(job => job.name))
export const closing: Promise<void> | undefined = backend.closing
// @ts-expect-error
new Queue('mail', { connection: { host: '127.0.0.1' } })
`

registryTest(
  'the packed package installs and runs a queue on Node and on Bun, with types',
  () => {
    const folder = temporaryFolder()
    const tarball = join(folder, run(root, 'npm', 'pack', '--silent', '--pack-destination', folder).split('\n').at(-1)!)
    expect(statSync(tarball).size < 150_000).toBe(true)
    writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }')
    run(folder, 'npm', 'install', '--no-audit', '--no-fund', tarball, bullmq, '@types/node@25.9.9')
    writeFileSync(join(folder, 'program.js'), programText)
    writeFileSync(join(folder, 'typed.ts'), typedText)

    const expected = 'to ann closed\nto ann closed'
    const nodePath = run(folder, 'npx', '-y', 'node@24.21.0', '-p', 'process.execPath') // once, because npx takes longer than Node
    const node = [nodePath, '--disable-warning=ExperimentalWarning']
    expect(run(folder, ...node, 'program.js', join(folder, 'node.db'))).toBe(expected)
    expect(run(folder, process.execPath, 'program.js', join(folder, 'bun.db'))).toBe(expected)
    expect(run(folder, ...node, '-p', "typeof require('bullmq-sqlite').createSqliteBackend")).toBe('function')
    const strict = ['--strict', '--module', 'nodenext', '--target', 'es2022', '--lib', 'esnext', '--noEmit']
    run(folder, process.execPath, typescript, ...strict, '--types', 'node', '--skipLibCheck', 'typed.ts')
  },
  isBun,
)
