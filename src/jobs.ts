/** Every job. */
import type { App } from './context.ts'
import type { JobDefinition } from './runtime/job.ts'

export const jobs: readonly JobDefinition<App>[] = []
