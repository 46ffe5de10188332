/** Users and new leagues day by day. */
import { t } from 'elysia'
import type { App } from '../../context.ts'
import { type Html, html } from '../../platform/html.ts'
import { dateSchema } from '../../platform/http/text-formats.ts'
import { stats } from '../../ui/parts/figures.ts'
import { number } from '../../ui/parts/values.ts'
import { everySecondAndAHalf, livePage, slicesOf } from '../pages/live-page.ts'
import { type Engagement, engagementReading, engagementSchema } from './engagement.ts'
import { changeMark, chartWithTable, monitoringPath, periodLinks } from './parts.ts'
import { changeOf, type LongPeriod, longQuery, periodWords } from './period.ts'

const path = `${monitoringPath}/engagement`
const dayRow = t.Object({
  date: dateSchema,
  active: t.Integer(),
  registrations: t.Integer(),
  leagues: t.Integer(),
})

export const engagementPage = (app: App) => {
  const read = (period: LongPeriod = '30d') => app.reader.read(engagementReading, { period, now: app.clock.now() })
  return livePage(app, {
    path,
    title: 'Engagement',
    room: 'engagement',
    query: t.Object(longQuery),
    tools: ({ period = '30d' }) => periodLinks(['7d', '30d'], path, period),
    read: ({ period }) => read(period),
    body,
    json: { says: 'Users and new leagues day by day', schema: engagementSchema },
    file: { name: 'engagement', row: dayRow, rows: slicesOf(async ({ period }) => daysOf(await read(period))) },
    live: everySecondAndAHalf,
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
    chartWithTable(title, { ongoing: true, kind: 'bars', times: days, series: [{ label, values }] })
  return html`${stats([
    {
      label: 'Active a day',
      value: number(active, { digits: 1 }),
      note: changeMark(changeOf(active, previous.active_a_day), before),
    },
    {
      label: 'Registered',
      value: number(registered),
      note: changeMark(changeOf(registered, previous.registrations), before),
    },
    { label: 'New leagues', value: number(made), note: changeMark(changeOf(made, previous.leagues), before) },
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
