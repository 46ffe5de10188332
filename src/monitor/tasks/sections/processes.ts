/** The processes that share the folder. */
import { type Html, html } from '../../../platform/html.ts'
import { badge } from '../../../ui/parts/badges.ts'
import { table } from '../../../ui/parts/table.ts'
import { time } from '../../../ui/parts/values.ts'
import type { TasksNow } from '../task-state.ts'
import { section } from './section.ts'

export function processesSection({ processes }: TasksNow): Html {
  return section(
    'Processes',
    'processes',
    table({
      caption: 'Processes of this installation',
      dense: true,
      stack: true,
      rows: processes,
      key: ({ id }) => `process-${id}`,
      columns: [
        { head: 'Role', names: true, cell: ({ role, alive }) => html`${role} ${alive ? '' : badge('dead', 'bad')}` },
        { head: 'Pid', numeric: true, cell: ({ pid }) => String(pid) },
        { head: 'Host', cell: ({ host }) => host },
        { head: 'Version', cell: ({ version }) => version },
        { head: 'Since', cell: ({ startedAt }) => time(startedAt) },
      ],
    }),
  )
}
