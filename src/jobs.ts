/** Every job. */
import type { App } from './context.ts'
import type { JobDefinition } from './runtime/job.ts'

import { announce } from './sheets/announcing.ts'
import { importUpload } from './sheets/jobs.ts'

export const jobs: readonly JobDefinition<App>[] = [importUpload, announce]
