/** Jobs that do nothing, from the first start to the end of the last. Fieldhouse stores them on disk, with a run for each. */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { linesOf } from '../../trials/lines.ts'
import { type Comparison, Missing } from '../comparison.ts'
import { openStack } from '../subjects/stack.ts'

const count = 500

export const jobsComparison: Comparison = {
  name: 'jobs',
  title: 'Jobs',
  figures: {
    rate: {
      title: `${count} empty jobs, started to done`,
      unit: 'a second',
      aims: [{ beside: 'stack', ratio: 1 }],
    },
  },
  sides: {
    Fieldhouse: async ({ folder }) => {
      const dataDir = await mkdtemp(join(folder, 'jobs-'))
      const child = Bun.spawn([process.execPath, join(import.meta.dir, '../subjects/empty-jobs.ts')], {
        env: {
          PATH: process.env.PATH,
          HOME: process.env.HOME,
          DATA_DIR: dataDir,
          PORT: '0',
          HOST: '127.0.0.1',
          LOG_LEVEL: 'error',
        },
        stdin: 'pipe',
        stdout: 'pipe',
        stderr: 'inherit',
      })
      const answers = linesOf(child.stdout)
      return {
        steps: {
          async jobs() {
            child.stdin.write(`${count}\n`)
            child.stdin.flush()
            for (;;) {
              const { value, done } = await answers.next()
              if (done) throw new Error('The service has ended')
              const seconds = /took ([\d.]+)/.exec(value)?.[1]
              if (seconds) return { rate: count / Number(seconds) }
            }
          },
        },
        async stop() {
          child.kill(9)
          await child.exited
          await rm(dataDir, { recursive: true, force: true })
        },
      }
    },
    stack: async ({ folder }) => {
      const stack = await openStack(folder)
      if (stack instanceof Missing) return stack
      const jobs = async () => ({ rate: count / Number((await stack.post(`/noops?count=${count}`)).seconds) })
      return { steps: { jobs }, stop: stack.stop }
    },
  },
}
