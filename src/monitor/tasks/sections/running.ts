/** What runs at this moment. */
import { type Html, html } from '../../../platform/html.ts'
import type { Run } from '../../../platform/jobs/runs.ts'
import { badge } from '../../../ui/parts/badges.ts'
import { progress } from '../../../ui/parts/figures.ts'
import { table } from '../../../ui/parts/table.ts'
import { duration, elapsed } from '../../../ui/parts/values.ts'
import { jobAction } from '../job-actions.ts'
import { jobTitle } from '../job-titles.ts'
import { jobPath, jobsPath } from '../paths.ts'
import type { TasksNow } from '../task-state.ts'
import { section, whenOpen } from './section.ts'

export function runningSection({ running, usual: usualMs }: TasksNow): Html {
  return section(
    'Running now',
    'running',
    table<Run>({
      caption: 'Running jobs',
      dense: true,
      stack: true,
      rows: running,
      key: ({ id }) => `run-${id}`,
      empty: whenOpen('Nothing runs at this moment. That is usual: most work takes less than a second.'),
      columns: [
        { head: 'Job', names: true, cell: jobLink },
        { head: 'Progress', class: 'wide', cell: howFar },
        { head: 'For', numeric: true, cell: ({ startedAt }) => elapsed(startedAt) },
        { head: 'Usual', numeric: true, cell: ({ name }) => duration(usualMs[name] ?? null) },
        { head: 'Attempt', numeric: true, cell: ({ attempts, maxAttempts }) => `${attempts} of ${maxAttempts}` },
        {
          head: html`<span class="sr">Actions</span>`,
          class: 'doing',
          cell: run =>
            run.cancelRequestedAt === null
              ? jobAction('cancel', run.id, `Cancel this run of ${run.name}?`)
              : badge('stopping', 'warn'),
        },
      ],
    }),
    html`<a href="${jobsPath}">All jobs</a>`,
  )
}

const jobLink = ({ id, name }: Pick<Run, 'id' | 'name'>): Html =>
  html`<a href="${jobPath(id)}">${jobTitle(name)}</a> <code class="quiet">${name}</code>`

const howFar = ({ progress: percent, stage, message }: Run): Html =>
  html`${progress(percent, 'Progress')}<small class="quiet">${percent} %${stage && `, ${stage}`}${message && `: ${message}`}</small>`
