/** What fails alike, as one, to be tried again together. */
import { type Html, html } from '../../../platform/html.ts'
import { address } from '../../../ui/parts/address.ts'
import { action } from '../../../ui/parts/form.ts'
import { table } from '../../../ui/parts/table.ts'
import { number, time } from '../../../ui/parts/values.ts'
import { exportLinks } from '../../pages/monitor-layout.ts'
import { jobTitle } from '../job-titles.ts'
import { jobsPath, tasksPath } from '../paths.ts'
import type { FailureGroup } from '../task-queries.ts'
import type { TasksNow } from '../task-state.ts'
import { section, whenOpen } from './section.ts'

export function failuresSection({ failures: groups, rate }: TasksNow): Html {
  return section(
    'Failures, last 24 hours',
    'failures',
    table({
      caption: 'Failures that are the same, grouped',
      dense: true,
      stack: true,
      rows: groups,
      key: ({ fingerprint, name }) => `failure-${name.replaceAll(/\W/g, '-')}-${fingerprint}`,
      empty: whenOpen('Nothing failed in the last 24 hours. That is usual.'),
      columns: [
        { head: 'What failed', names: true, class: 'errors', cell: whatFailed },
        { head: 'Times', numeric: true, cell: ({ runs }) => html`${number(runs)} ×` },
        { head: 'First', cell: ({ first }) => time(first) },
        { head: 'Last', cell: ({ last }) => time(last) },
        { head: html`<span class="sr">Actions</span>`, class: 'doing', cell: retryGroup },
      ],
    }),
    html`${
      rate.usualPerHour !== null &&
      html`<span class="quiet">usually ${number(rate.usualPerHour * 24, { digits: 0 })} a day</span>`
    } ${groups.length > 0 && exportLinks(`${tasksPath}/failures`, {})}`,
  )
}

const groupHref = ({ fingerprint, name }: FailureGroup) => address(jobsPath, { status: 'FAILURE', name, fingerprint })
const whatFailed = (group: FailureGroup): Html =>
  html`<a href="${groupHref(group)}">${jobTitle(group.name)}</a> <code class="quiet">${group.name}</code><p class="loss">${group.error.slice(0, 300)}</p>`

const retryGroup = ({ fingerprint, name, runs }: FailureGroup): Html =>
  action({
    action: `${jobsPath}/bulk`,
    label: runs === 1 ? 'Retry' : `Retry all ${runs}`,
    small: true,
    quiet: true,
    confirm: `Try every failed run of ${name} with this failure again (${runs} in the last 24 hours)?`,
    body: { action: 'retry', status: 'FAILURE', name, fingerprint },
    goTo: 'stay',
    done: 'They are tried again',
  })
