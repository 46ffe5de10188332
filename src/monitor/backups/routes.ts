import { join } from 'node:path'
import { desc, eq } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import { runs } from '../../../db/schema.ts'
import { atomically } from '../../../db/transactions.ts'
import { audit } from '../../audit.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { iso } from '../../platform/clock.ts'
import { packTar } from '../../platform/files/tar.ts'
import { type Html, html } from '../../platform/html.ts'
import { apiRouter, signedIn } from '../../platform/http/access.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { dateTimeSchema } from '../../platform/http/shared-schemas.ts'
import { startedAnswer, startRoute } from '../../platform/jobs/started-answer.ts'
import { counted } from '../../platform/number-text.ts'
import { jobPath } from '../../runs/job-titles.ts'
import { action } from '../../ui/parts/form.ts'
import { emptyState, notice } from '../../ui/parts/notices.ts'
import { denseTable } from '../../ui/parts/table.ts'
import { about, bytes, number, time } from '../../ui/parts/values.ts'
import { emptyQuery, livePage, slicesOf } from '../pages/live-page.ts'
import { backUp, sendBackupAway } from './backup-jobs.ts'
import { s3Place } from './s3-backup.ts'
import {
  type BackupView,
  backupNamed,
  backupNames,
  backupSchema,
  backupsFolder,
  listBackups,
  requestedBackup,
  requestRestore,
  withdrawRestoreRequest,
} from './stored-backups.ts'

export const backupRoutes = (app: App) => [backupsPage(app), actionRoutes(app)]

const nameParams = t.Object({ name: t.String({ maxLength: 40 }) })
const requestSchema = t.Object({ restore_at_start: t.Nullable(t.String({ description: 'The name of a backup' })) })

const actionRoutes = (app: App) => {
  const { db, clock, config, jobs } = app
  const writeAudit = (who: Who, action: string, target: string) =>
    atomically(db, tx => audit(tx, { at: clock.now(), who, action, target }))

  async function startNow(job: typeof backUp, me: Who, action: string) {
    const start = await jobs.start(job, {}, { by: me.id })
    await writeAudit(me, action, `job ${start.jobId}`)
    return startedAnswer(start)
  }

  return apiRouter(app, '/admin/backups', 'admin')
    .post('/', ({ who }) => startNow(backUp, signedIn(who), 'backup.make'), {
      may: 'admin',
      ...startRoute('Make a backup now'),
    })
    .post(
      '/s3',
      ({ who }) => {
        if (!config.backupS3Url)
          return refuse('conflict', 'BACKUP_S3_URL is not set: there is no store to send a backup to')
        return startNow(sendBackupAway, signedIn(who), 'backup.send')
      },
      { may: 'admin', ...startRoute('Send a backup to the S3 store now') },
    )
    .post(
      '/:name/restore',
      async ({ params: { name }, who }) => {
        if (!backupNames(config.dataDir).includes(name)) return refuse('not_found', `There is no backup ${name}`)
        await writeAudit(signedIn(who), 'backup.restore_at_start', `backup ${name}`)
        requestRestore(config.dataDir, name, clock.now())
        return { restore_at_start: name }
      },
      {
        params: nameParams,
        may: 'admin',
        detail: describe('Restore a backup at the next start, replacing everything', requestSchema, {
          description: 'The current files are moved to `backups/replaced-…`. Nothing changes until the next start.',
        }),
      },
    )
    .delete(
      '/restore',
      async ({ who }) => {
        await writeAudit(signedIn(who), 'backup.restore_called_off', 'backup')
        withdrawRestoreRequest(config.dataDir)
        return { restore_at_start: null }
      },
      { may: 'admin', detail: describe('Restore nothing at the next start', requestSchema) },
    )
    .get(
      '/:name/download',
      async ({ params: { name }, who }) => {
        const backup = backupNames(config.dataDir).includes(name) && (await backupNamed(config.dataDir, name))
        if (!backup) return refuse('not_found', `There is no backup ${name}`)
        await writeAudit(signedIn(who), 'backup.download', `backup ${name}`)
        const paths = ['manifest.json', ...backup.manifest.files.map(({ path }) => path)]
        return new Response(packTar(join(backupsFolder(config.dataDir), name), paths), {
          headers: {
            'content-type': 'application/x-tar',
            'content-disposition': `attachment; filename="fieldhouse-${name}.tar"`,
            'cache-control': 'no-store',
          },
        })
      },
      {
        params: nameParams,
        may: 'admin',
        detail: describe(
          'A backup as one archive, for `bun run restore`',
          t.String({ format: 'binary', description: 'The archive' }),
          { type: 'application/x-tar' },
        ),
      },
    )
}

/** Backups: the list, as page, JSON and file, and a button to make one. */

type BackupList = Static<typeof listSchema>
const listSchema = t.Object({
  backups: t.Array(backupSchema),
  keep: t.Integer({ description: 'BACKUP_KEEP' }),
  restore_at_start: t.Nullable(t.String({ description: 'The backup that the next start restores' })),
  s3: t.Nullable(
    t.Object({
      place: t.String({ description: 'Host and path of BACKUP_S3_URL' }),
      schedule: t.String({ description: 'BACKUP_S3_SCHEDULE' }),
      keep_days: t.Integer({ description: 'BACKUP_S3_KEEP_DAYS' }),
      last: t.Nullable(
        t.Object({ job_id: t.String(), status: t.String(), at: dateTimeSchema, error: t.Nullable(t.String()) }),
      ),
    }),
  ),
})

const backupsPage = (app: App) => {
  const { db, config } = app
  const { dataDir } = config
  return livePage(app, {
    path: '/admin/backups/',
    title: 'Backups',
    navItem: 'backups',
    query: emptyQuery,
    read: async (): Promise<BackupList> => ({
      backups: await listBackups(dataDir),
      keep: config.backupKeep,
      restore_at_start: requestedBackup(dataDir) ?? null,
      s3: s3Status(),
    }),
    body,
    json: { summary: 'Backups, newest first', schema: listSchema },
    file: { name: 'backups', row: backupSchema, rows: slicesOf(() => listBackups(dataDir)) },
  })

  function s3Status(): BackupList['s3'] {
    const place = s3Place(config)
    if (!place) return null
    const last = db
      .select()
      .from(runs)
      .where(eq(runs.name, sendBackupAway.name))
      .orderBy(desc(runs.createdAt))
      .limit(1)
      .get()
    return {
      place,
      schedule: config.backupS3Schedule,
      keep_days: config.backupS3KeepDays,
      last: last
        ? { job_id: last.id, status: last.status, at: iso(last.completedAt ?? last.createdAt), error: last.error }
        : null,
    }
  }
}

const body = ({ backups, keep, s3, restore_at_start: backup }: BackupList): Html =>
  html`${backup && notice(html`The backup <code>${backup}</code> replaces everything at the next start. Stop all processes of Fieldhouse and start it; the current files are moved to <code>backups/replaced-…</code>. ${action({ action: '/admin/backups/restore', method: 'delete', label: 'Cancel', look: 'small', done: 'Nothing is restored at the next start' })}`, 'warn')}
<div class="actions">${action({ action: '/admin/backups', label: 'Make a backup', follow: true, done: 'The backup is made' })}
${s3 && action({ action: '/admin/backups/s3', label: 'Send one to S3 now', look: 'quiet', follow: true, done: 'The backup has been sent' })}</div>
<p>One is made every night at 03:00 UTC; the newest ${keep} are kept. ${s3 ? s3Sentence(s3) : html`Keep a copy elsewhere: if this disk fails, the backups on it are lost too. With <code>BACKUP_S3_URL</code> they are sent to an S3 store every hour.`}</p>
${denseTable<BackupView>({
  caption: 'Backups, newest first',
  rows: backups,
  key: ({ name }) => `b-${name}`,
  empty: emptyState('No backup yet', 'The first one is made tonight, or now with the button above.'),
  columns: [
    { head: 'Name', names: true, cell: ({ name }) => html`<code>${name}</code>` },
    { head: 'Made', cell: ({ made_at }) => time(made_at) },
    { head: 'Size', numeric: true, cell: backup => bytes(backup.bytes) },
    { head: 'Files', numeric: true, cell: ({ files }) => number(files) },
    { head: 'Version', cell: ({ version }) => version },
  ],
  actions: ({ name, made_at }) =>
    html`<a href="/admin/backups/${name}/download">Download${about(name)}</a> ${action({
      action: `/admin/backups/${name}/restore`,
      label: 'Restore…',
      of: name,
      look: 'danger small',
      confirm: `At the next start everything goes back to ${made_at}, and everybody has to sign in again. The current files are moved aside, not deleted. Restore it?`,
      done: 'It is restored at the next start of Fieldhouse',
    })}`,
})}`

const outcomes: Record<string, string> = { SUCCESS: 'sent', CANCELLED: 'cancelled' }
const s3Sentence = ({ place, schedule, keep_days, last }: NonNullable<BackupList['s3']>): Html =>
  html`They are also sent to <code>${place}</code> by the schedule <code>${schedule}</code> (UTC) and kept there for ${counted(keep_days, 'day')}. ${
    last
      ? html`The last time was ${time(last.at)}: <a href="${jobPath(last.job_id)}">${last.error ?? outcomes[last.status] ?? 'under way'}</a>.`
      : 'None has been sent yet.'
  } <code>bun run restore s3</code> brings the newest back.`
