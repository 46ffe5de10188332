/** A service with jobs that fail, fetch and ignore cancellation. It prints its URL once it is open, then follows commands, one a line. */
import { t } from 'elysia'
import { startFieldhouse } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { job } from '../../src/context.ts'
import { onSignal, onUncaught } from '../../src/platform/process/shutdown.ts'

const url = t.Object({ url: t.String() })
const jobs = {
  fail: job('test.fail', {
    input: url,
    attempts: 1,
    run: async ({ url }) => raise(`Could not reach ${url}`),
  }),
  fetch: job('test.fetch', { input: url, run: async ({ url }) => (await fetch(url)).text() }),
  stubborn: job('test.stubborn', { input: url, run: () => new Promise(() => {}) }),
}

const overrides = { jobs: Object.values(jobs), followsSchedule: false }
const { app, url: address, stop } = await startFieldhouse(readConfig(process.env), overrides)
onSignal(stop)
onUncaught((what, error) => {
  app.log.error(what, { error })
  app.telemetry.report(error)
}, stop)
console.log(`open ${address}`)

for await (const line of console) {
  const [what, argument = ''] = line.split(/ (.*)/)
  if (what === 'forget') Promise.reject(new Error('forgotten'))
  else if (what === 'throw') setTimeout(() => raise('thrown'))
  else if (what === 'loaded')
    console.log(Object.keys(require.cache).some(path => path.includes(argument)) ? 'loaded yes' : 'loaded no')
  else if (what === 'fail' || what === 'fetch' || what === 'stubborn')
    console.log(`job ${(await app.jobs.start(jobs[what], { url: argument })).jobId}`)
}

function raise(message: string): never {
  throw new Error(message)
}
