/** What the supervisor last found of the tours' score updates. */
import { type Html, html } from '../../../platform/html.ts'
import { badge, type Tone } from '../../../ui/parts/badges.ts'
import { table } from '../../../ui/parts/table.ts'
import { time } from '../../../ui/parts/values.ts'
import type { TasksNow } from '../task-state.ts'
import { section, whenOpen } from './section.ts'

const findingTones: Record<string, Tone> = {
  running: 'live',
  booked: 'good',
  idle: 'quiet',
  late: 'warn',
  missing: 'bad',
  unknown: 'warn',
}

export function supervisorSection({ supervisor: found }: TasksNow): Html {
  return section(
    'Supervisor',
    'supervisor',
    table({
      caption: 'What the supervisor last found',
      dense: true,
      stack: true,
      rows: found?.findings ?? [],
      key: ({ tour }) => `finding-${tour}`,
      empty: whenOpen(
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
