/** Every setting with its current value, secrets masked, as `bun run print-config` prints them. */
import { t } from 'elysia'
import { settings } from '../config.ts'
import type { App } from '../context.ts'
import { displayName } from '../display-name/name.ts'
import { displayNameForm } from '../display-name/routes.ts'
import { html } from '../platform/html.ts'
import { type SettingLine, settingLines } from '../platform/settings.ts'
import { denseTable } from '../ui/parts/table.ts'
import { emptyQuery, livePage, slicesOf } from './pages/live-page.ts'

const settingSchema = t.Object({
  env: t.String({ description: 'The environment variable' }),
  value: t.String({ description: 'The current value; of a secret only its length' }),
  fallback: t.String({ description: 'The value if it is not set' }),
  doc: t.String({ description: 'What it is for' }),
})

export const settingsPage = (app: App) => {
  const lines = settingLines(settings, app.config)
  return livePage(app, {
    path: '/admin/settings',
    title: 'Settings',
    navItem: 'settings',
    query: emptyQuery,
    read: () => ({ place: displayName(app.db), settings: lines }),
    body,
    json: {
      summary: 'All settings, secrets masked',
      schema: t.Object({
        place: t.String({ description: 'The name of this installation' }),
        settings: t.Array(settingSchema),
      }),
    },
    file: { name: 'settings', row: settingSchema, rows: slicesOf(async () => lines) },
  })
}

const body = ({ place, settings }: { place: string; settings: SettingLine[] }) =>
  html`${displayNameForm(place)}
<p>All others come from the environment of the process or its <code>.env</code> file, and are read at the start: change them there and start
Fieldhouse again. <a href="/help/install">Installing</a> tells more.</p>
${denseTable<SettingLine>({
  caption: 'Every setting',
  rows: settings,
  key: ({ env }) => env,
  columns: [
    { head: 'Setting', names: true, cell: ({ env }) => html`<code>${env}</code>` },
    {
      head: 'In force',
      cell: ({ value, fallback }) => (value === fallback ? value || '–' : html`<strong>${value}</strong>`),
    },
    { head: 'Default', cell: ({ fallback }) => fallback || '–' },
    { head: 'What it is for', cell: ({ doc }) => doc },
  ],
})}`
