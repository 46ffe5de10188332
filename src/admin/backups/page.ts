import { html } from '../../runtime/html.ts'
import { action } from '../../web/parts/form.ts'
import { emptyState } from '../../web/parts/notices.ts'
import { table } from '../../web/parts/table.ts'
import { bytes, moment, number } from '../../web/parts/values.ts'
import type { BackupList } from './routes.ts'

export const backupsPage = ({
  backups,
  keep,
}: BackupList) => html`<div class="actions">${action({ action: '/admin/backups', label: 'Make a backup', follow: true, done: 'The backup is made' })}</div>
<p>One is made every night at 03:00 UTC; the newest ${keep} are kept. A backup is put back with <code>bun run restore</code> into an
empty folder. Keep a copy of one elsewhere: a disk that fails takes those here along.</p>
${table({
  caption: 'Backups, the newest first',
  rows: backups,
  key: ({ name }) => `b-${name}`,
  empty: emptyState('No backup yet', 'The first one is made tonight, or now with the button above.'),
  columns: [
    { head: 'Made', names: true, cell: ({ made_at }) => moment(Date.parse(made_at)) },
    { head: 'Size', numeric: true, cell: backup => bytes(backup.bytes) },
    { head: 'Files', numeric: true, cell: ({ files }) => number(files) },
    { head: 'Version', cell: ({ version }) => version },
    { head: '', cell: ({ name }) => html`<a href="/admin/backups/${name}/download">Download</a>` },
  ],
})}`
