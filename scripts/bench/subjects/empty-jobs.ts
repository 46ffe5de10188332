/** A service with a job that does nothing. For each number on standard input it runs that many jobs and prints the seconds they took. */
import { t } from 'elysia'
import { startFieldhouse } from '../../../src/app.ts'
import { readConfig } from '../../../src/config.ts'
import type { App } from '../../../src/context.ts'
import { jobsOf } from '../../../src/platform/jobs/job.ts'

let left = 0
let done = () => {}
const empty = jobsOf<App>()('bench.empty', {
  input: t.Object({ n: t.Integer() }),
  async run() {
    if (--left === 0) done()
  },
})
const { app, stop } = await startFieldhouse(readConfig(process.env), { jobs: [empty] })
for await (const line of console) {
  const count = Number(line)
  const all = Promise.withResolvers<void>()
  left = count
  done = all.resolve
  const began = performance.now()
  await Promise.all(Array.from({ length: count }, (_, n) => app.jobs.start(empty, { n })))
  await all.promise
  console.log(`took ${(performance.now() - began) / 1000}`)
}
await stop()
