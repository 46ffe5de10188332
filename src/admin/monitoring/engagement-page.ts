/** Users and new leagues day by day. */
import { t } from 'elysia'
import type { App } from '../../context.ts'
import { dateSchema } from '../../runtime/formats.ts'
import { type Html, html } from '../../runtime/html.ts'
import { stats } from '../../web/parts/figures.ts'
import { number } from '../../web/parts/values.ts'
import { atOnce, calmly, room } from '../monitor/room.ts'
import { type Engagement, engagementSchema } from './engagement.ts'
import { change, charted, monitoringPath, periods } from './parts.ts'
import { changeOf, type LongPeriod, longQuery, periodWords } from './period.ts'

const path = `${monitoringPath}/engagement`
const dayRow = t.Object({
  date: dateSchema,
  active: t.Integer(),
  registrations: t.Integer(),
  leagues: t.Integer(),
})

export const engagementPage = (app: App) => {
  const read = (period: LongPeriod = '30d') => app.reader.read('engagementReading', { period, now: app.clock.now() })
  return room(app, {
    path,
    title: 'Engagement',
    room: 'engagement',
    query: t.Object(longQuery),
    tools: ({ period = '30d' }) => periods(['7d', '30d'], path, period),
    read: ({ period }) => read(period),
    body,
    json: { says: 'Users and new leagues day by day', schema: engagementSchema },
    file: { name: 'engagement', row: dayRow, rows: atOnce(async ({ period }) => daysOf(await read(period))) },
    live: calmly,
  })
}

const daysOf = (data: Engagement) =>
  data.daily_active_users.map(({ date, active }, i) => ({
    date,
    active,
    registrations: data.registrations[i]?.users,
    leagues: data.league_creation_trend[i]?.leagues,
  }))

function body(data: Engagement): Html {
  const { daily_active_users: users, registrations, league_creation_trend: leagues, previous } = data
  const before = periodWords[data.period === '30d' ? '30d' : '7d']
  const [today, ...past] = users.map(({ active }) => active).reverse()
  const active = average(past.filter(active => active > 0)) ?? today ?? null // today is not over
  const registered = sum(registrations.map(({ users }) => users))
  const made = sum(leagues.map(({ leagues }) => leagues))
  const days = users.map(({ date }) => Date.parse(date))
  const bars = (title: string, label: string, values: number[]) =>
    charted(title, { ongoing: true, kind: 'bars', times: days, series: [{ label, values }] })
  return html`${stats([
    {
      label: 'Active a day',
      value: number(active, { digits: 1 }),
      note: change(changeOf(active, previous.active_a_day), before),
    },
    {
      label: 'Registered',
      value: number(registered),
      note: change(changeOf(registered, previous.registrations), before),
    },
    { label: 'New leagues', value: number(made), note: change(changeOf(made, previous.leagues), before) },
  ])}
<div class="charts">
${bars(
  'Active users a day',
  'Active',
  users.map(({ active }) => active),
)}
${bars(
  'Registrations a day',
  'Users',
  registrations.map(({ users }) => users),
)}
${bars(
  'New leagues a day',
  'Leagues',
  leagues.map(({ leagues }) => leagues),
)}
</div>`
}

const average = (values: readonly number[]) => (values.length ? sum(values) / values.length : null)
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
