import { join } from 'node:path'
import { Elysia, t } from 'elysia'
import { atomically } from '../../../db/transactions.ts'
import { audit } from '../../audit.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { archiveOf } from '../../platform/files/tar.ts'
import { type Html, html } from '../../platform/html.ts'
import { access, signedIn } from '../../platform/http/access.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { started, startedSchema } from '../../platform/jobs/started.ts'
import { action } from '../../ui/parts/form.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { table } from '../../ui/parts/table.ts'
import { bytes, number, time } from '../../ui/parts/values.ts'
import { emptyQuery, livePage, slicesOf } from '../pages/live-page.ts'
import { type BackupView, backupNamed, backupNames, backupSchema, backupsFolder, listBackups } from './backup.ts'
import { backUp } from './jobs.ts'

export const backupRoutes = (app: App) => new Elysia().use(backupsPage(app)).use(actionRoutes(app))

const actionRoutes = (app: App) => {
  const { db, clock, config, jobs } = app
  const note = (who: Who, action: string, target: string) =>
    atomically(db, tx => audit(tx, { at: clock.now(), who, action, target }))

  return new Elysia({ prefix: '/admin/backups', tags: ['admin'] })
    .use(access(app))
    .post(
      '/',
      async ({ who, set }) => {
        const me = signedIn(who)
        const start = await jobs.start(backUp, {}, { by: me.id })
        await note(me, 'backup.make', `job ${start.jobId}`)
        set.status = 202
        return started(start)
      },
      { may: 'admin', detail: describe('Make a backup now', startedSchema, { status: 202 }) },
    )
    .get(
      '/:name/download',
      async ({ params: { name }, who }) => {
        const backup = backupNames(config.dataDir).includes(name) && (await backupNamed(config.dataDir, name))
        if (!backup) return refuse('not_found', `There is no backup ${name}`)
        await note(signedIn(who), 'backup.download', `backup ${name}`)
        const paths = ['manifest.json', ...backup.manifest.files.map(({ path }) => path)]
        return new Response(archiveOf(join(backupsFolder(config.dataDir), name), paths), {
          headers: {
            'content-type': 'application/x-tar',
            'content-disposition': `attachment; filename="fieldhouse-${name}.tar"`,
            'cache-control': 'no-store',
          },
        })
      },
      {
        params: t.Object({ name: t.String({ maxLength: 40 }) }),
        may: 'admin',
        detail: describe(
          'A backup as one archive, for `bun run restore`',
          t.String({ format: 'binary', description: 'The archive' }),
          { type: 'application/x-tar' },
        ),
      },
    )
}

/** Backups: which there are, as page, JSON and file, and a button to make one. */

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
