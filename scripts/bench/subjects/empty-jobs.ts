/** A service with a job that does nothing. For each number on standard input it runs that many jobs and prints the seconds they took. */
import { t } from 'elysia'
import { startFieldhouse } from '../../../src/app.ts'
import { readConfig } from '../../../src/config.ts'
import type { App } from '../../../src/context.ts'
import { jobsOf } from '../../../src/platform/jobs/job.ts'

let remaining = 0
let done = () => {}
const empty = jobsOf<App>()('bench.empty', {
  input: t.Object({ n: t.Integer() }),
  async run() {
    if (--remaining === 0) done()
  },
})
const { app, stop } = await startFieldhouse(readConfig(process.env), { jobs: [empty] })
for await (const line of console) {
  const count = Number(line)
  const allDone = Promise.withResolvers<void>()
  remaining = count
  done = allDone.resolve
  const began = performance.now()
  await Promise.all(Array.from({ length: count }, (_, n) => app.jobs.start(empty, { n })))
  await allDone.promise
  console.log(`took ${(performance.now() - began) / 1000}`)
}
await stop()
