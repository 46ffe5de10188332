import { join } from 'node:path'
import { Elysia, t } from 'elysia'
import { atomically } from '../../../db/transaction.ts'
import { access, signedIn } from '../../access.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { says } from '../../runtime/docs.ts'
import type { Who } from '../../runtime/exchange.ts'
import { archiveOf } from '../../runtime/tar.ts'
import { hidden } from '../../web/layout.ts'
import { audit } from '../audit.ts'
import { started, startedSchema } from '../jobs.ts'
import { monitorPage } from '../monitor/frame.ts'
import { backupNames, backupsFolder, type Manifest } from './backup.ts'
import { backUp } from './jobs.ts'
import { backupsPage } from './page.ts'

const backupSchema = t.Object({
  name: t.String(),
  made_at: t.String({ format: 'date-time' }),
  bytes: t.Integer(),
  files: t.Integer(),
  version: t.String({ description: 'Of the Fieldhouse that made it' }),
  schema: t.Integer(),
})
const listSchema = t.Object({ backups: t.Array(backupSchema), keep: t.Integer({ description: 'BACKUP_KEEP' }) })

export const backupRoutes = (app: App) => {
  const { db, clock, config, jobs } = app
  const note = (who: Who, action: string, target: string) =>
    atomically(db, tx => audit(tx, { at: clock.now(), who, action, target }))

  async function list() {
    const manifests = await Promise.all(backupNames(config.dataDir).map(name => manifestOf(config.dataDir, name)))
    return { backups: manifests.filter(backup => backup !== undefined).map(backupView), keep: config.backupKeep }
  }

  return new Elysia({ prefix: '/admin/backups', tags: ['admin'] })
    .use(access(app))
    .get(
      '/',
      async ({ who }) => monitorPage(app, { title: 'Backups', who, room: 'backups', body: backupsPage(await list()) }),
      {
        may: 'admin',
        detail: hidden,
      },
    )
    .get('/json', list, { may: 'admin', detail: says('Backups, the newest first', listSchema) })
    .post(
      '/',
      async ({ who, set }) => {
        const me = signedIn(who)
        const start = await jobs.start(backUp, {}, { by: me.id })
        await note(me, 'backup.make', `job ${start.jobId}`)
        set.status = 202
        return started(start)
      },
      { may: 'admin', detail: says('Make a backup now', startedSchema, { status: 202 }) },
    )
    .get(
      '/:name/download',
      async ({ params: { name }, who }) => {
        const backup = backupNames(config.dataDir).includes(name) && (await manifestOf(config.dataDir, name))
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
        detail: says(
          'A backup as one archive, for `bun run restore`',
          t.String({ format: 'binary', description: 'The archive' }),
          { type: 'application/x-tar' },
        ),
      },
    )
}

export type Backup = { name: string; manifest: Manifest }

async function manifestOf(dataDir: string, name: string): Promise<Backup | undefined> {
  const file = Bun.file(join(backupsFolder(dataDir), name, 'manifest.json'))
  const manifest: Manifest | undefined = await file.json().catch(() => undefined) // removed meanwhile
  return manifest && { name, manifest }
}

const backupView = ({ name, manifest: { made_at, files, fieldhouse, schema } }: Backup) => ({
  name,
  made_at,
  bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
  files: files.length,
  version: fieldhouse,
  schema,
})
export type BackupList = { backups: ReturnType<typeof backupView>[]; keep: number }
