import type { Html } from '../../platform/html.ts'
import { action } from '../../ui/parts/form.ts'
import { jobsPath } from './paths.ts'

const words = {
  cancel: ['Cancel', 'It is being cancelled'],
  retry: ['Retry', 'It is tried again'],
  remove: ['Remove', 'It is removed'],
} as const

/** A button that does it to one job, after a question. */
export const jobAction = (verb: keyof typeof words, id: string, confirm: string, goTo = 'stay'): Html =>
  action({
    action: `${jobsPath}/${verb}`,
    label: words[verb][0],
    done: words[verb][1],
    small: true,
    quiet: verb !== 'remove',
    danger: verb === 'remove',
    confirm,
    body: { job_id: id },
    goTo,
  })
