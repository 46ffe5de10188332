/** Jobs that do nothing, from the first start to the end of the last. Fieldhouse stores them on disk, with a run for each. */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { startAnsweringChild } from '../../trials/answering-child.ts'
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
      const { PATH, HOME } = process.env
      const env = { PATH, HOME, DATA_DIR: dataDir, PORT: '0', HOST: '127.0.0.1', LOG_LEVEL: 'error' }
      const service = startAnsweringChild('The service', [join(import.meta.dir, '../subjects/empty-jobs.ts')], { env })
      return {
        steps: {
          async jobs() {
            for (let line = await service.ask(String(count)); ; line = await service.nextLine()) {
              const seconds = /took ([\d.]+)/.exec(line)?.[1]
              if (seconds) return { rate: count / Number(seconds) }
            }
          },
        },
        async stop() {
          await service.kill()
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
