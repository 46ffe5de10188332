/** Backups: which there are, as page, JSON and file, and a button to make one. */
import { t } from 'elysia'
import type { App } from '../../context.ts'
import { type Html, html } from '../../platform/html.ts'
import { action } from '../../ui/parts/form.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { table } from '../../ui/parts/table.ts'
import { bytes, number, time } from '../../ui/parts/values.ts'
import { emptyQuery, livePage, slicesOf } from '../pages/live-page.ts'
import { type BackupView, backupSchema, listBackups } from './list.ts'

type BackupList = { backups: BackupView[]; keep: number }
const listSchema = t.Object({ backups: t.Array(backupSchema), keep: t.Integer({ description: 'BACKUP_KEEP' }) })

export const backupsPage = (app: App) => {
  const { dataDir, backupKeep: keep } = app.config
  return livePage(app, {
    path: '/admin/backups/',
    title: 'Backups',
    room: 'backups',
    query: emptyQuery,
    read: async (): Promise<BackupList> => ({ backups: await listBackups(dataDir), keep }),
    body,
    json: { says: 'Backups, the newest first', schema: listSchema },
    file: { name: 'backups', row: backupSchema, rows: slicesOf(() => listBackups(dataDir)) },
  })
}

const body = ({ backups, keep }: BackupList): Html =>
  html`<div class="actions">${action({ action: '/admin/backups', label: 'Make a backup', follow: true, done: 'The backup is made' })}</div>
<p>One is made every night at 03:00 UTC; the newest ${keep} are kept. A backup is put back with <code>bun run restore</code> into an
empty folder. Keep a copy of one elsewhere: a disk that fails takes those here along.</p>
${table<BackupView>({
  caption: 'Backups, the newest first',
  dense: true,
  stack: true,
  rows: backups,
  key: ({ name }) => `b-${name}`,
  empty: emptyState('No backup yet', 'The first one is made tonight, or now with the button above.'),
  columns: [
    { head: 'Name', names: true, cell: ({ name }) => html`<code>${name}</code>` },
    { head: 'Made', cell: ({ made_at }) => time(made_at) },
    { head: 'Size', numeric: true, cell: backup => bytes(backup.bytes) },
    { head: 'Files', numeric: true, cell: ({ files }) => number(files) },
    { head: 'Version', cell: ({ version }) => version },
    {
      head: html`<span class="sr">Actions</span>`,
      class: 'doing',
      cell: ({ name }) => html`<a href="/admin/backups/${name}/download">Download</a>`,
    },
  ],
})}`
