/** What the supervisor last found of the tours' score updates. */
import { type Html, html } from '../../../runtime/html.ts'
import { badge, type Tone } from '../../../web/parts/marks.ts'
import { table } from '../../../web/parts/table.ts'
import { time } from '../../../web/parts/values.ts'
import type { TasksNow } from '../state.ts'
import { section, usual } from './section.ts'

const findingTones: Record<string, Tone> = {
  running: 'live',
  booked: 'good',
  idle: 'quiet',
  late: 'warn',
  missing: 'bad',
  unknown: 'warn',
}

export function supervisor({ supervisor: found }: TasksNow): Html {
  return section(
    'Supervisor',
    'supervisor',
    table({
      caption: 'What the supervisor last found',
      dense: true,
      stack: true,
      rows: found?.findings ?? [],
      key: ({ tour }) => `finding-${tour}`,
      empty: usual(
        found ? 'It looked and found no tours to follow.' : 'It has not looked yet; it does every two minutes.',
      ),
      columns: [
        { head: 'Tour', names: true, cell: ({ tour }) => tour },
        {
          head: 'Found',
          cell: ({ state, restarted }) =>
            html`${badge(state, findingTones[state])}${restarted && html` <small class="quiet">restarted it</small>`}`,
        },
        { head: 'Booked for', cell: ({ next_update_at: next }) => time(next) },
      ],
    }),
    found && html`<span class="quiet">looked ${time(found.at)}</span>`,
  )
}
