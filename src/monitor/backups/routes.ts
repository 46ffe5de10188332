import { join } from 'node:path'
import { Elysia, t } from 'elysia'
import { atomically } from '../../../db/transactions.ts'
import { audit } from '../../audit.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { archiveOf } from '../../platform/files/tar.ts'
import { access, signedIn } from '../../platform/http/access.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { started, startedSchema } from '../../platform/jobs/started.ts'
import { backupNames, backupsFolder } from './backup.ts'
import { backUp } from './jobs.ts'
import { backupNamed } from './list.ts'
import { backupsPage } from './page.ts'

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
