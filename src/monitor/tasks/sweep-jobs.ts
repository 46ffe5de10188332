import { job } from '../../context.ts'
import { minute } from '../../platform/clock.ts'

/** Adds accepted jobs again that the queue has lost (it died, was flushed, or the folder is a restored backup). */
export const sweepJobs = job('jobs.sweep', {
  attempts: 1,
  once: () => 'sweep',
  run: async (_, { jobs }) => ({ added: await jobs.sweep(minute) }),
})
