/** The score updates of tours that leagues wait for. */
import { type Content, html } from '../../../platform/html.ts'
import { badge } from '../../../ui/parts/badges.ts'
import { action } from '../../../ui/parts/form.ts'
import { table } from '../../../ui/parts/table.ts'
import { countdown, none } from '../../../ui/parts/values.ts'
import type { TourTask } from '../expected-tasks.ts'
import { jobPath } from '../paths.ts'
import { stateMark } from './state-mark.ts'

export const tourTable = (tours: readonly TourTask[]): Content =>
  table<TourTask>({
    caption: 'Score updates of tours',
    dense: true,
    class: 'tasks',
    stack: true,
    rows: tours,
    key: ({ tour }) => `tour-${tour}`,
    columns: [
      { head: 'Score updates', names: true, cell: ({ title }) => title },
      { head: 'State', cell: stateMark },
      {
        head: 'Next',
        cell: ({ next, jobId }) => (next === null ? jobId && badge('under way', 'live') : countdown(next, 'due')),
      },
      { head: 'Run', cell: ({ jobId }) => (jobId ? html`<a href="${jobPath(jobId)}">the run</a>` : none) },
      { head: html`<span class="sr">Actions</span>`, class: 'doing', cell: updateNow },
    ],
  })

const updateNow = ({ tour }: TourTask) =>
  action({
    action: `/api/v1/tours/${tour}/update`,
    label: 'Update now',
    small: true,
    quiet: true,
    confirm: `Ask the feed of ${tour} now?`,
    goTo: 'stay',
    done: 'The feed is asked',
  })
