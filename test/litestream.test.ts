/** The real Litestream, fetched as a package, with deploy/litestream.yml unchanged except for the folder. */
import { Database } from 'bun:sqlite'
import { expect } from 'bun:test'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fetchedTest } from './needs.ts'
import { startS3 } from './s3.ts'
import { newLeague, upload } from './sheets.ts'
import { afterTest, board, spawnFieldhouse, start, temporaryFolder, until } from './start.ts'

const databases = ['fieldhouse.db', 'scores.db']

async function openLitestream(dataDir: string) {
  const s3 = await startS3()
  const config = join(temporaryFolder(), 'litestream.yml')
  const shipped = readFileSync(join(import.meta.dir, '../deploy/litestream.yml'), 'utf8')
  writeFileSync(config, shipped.replaceAll('/data/', `${dataDir}/`))
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    LITESTREAM_ENDPOINT: s3.url,
    LITESTREAM_BUCKET: 'backups',
    LITESTREAM_ACCESS_KEY_ID: s3.env.BACKUP_S3_ACCESS_KEY,
    LITESTREAM_SECRET_ACCESS_KEY: s3.env.BACKUP_S3_SECRET_KEY,
  }
  const run = (...args: string[]) =>
    Bun.spawn([process.execPath, 'x', '@flydotio/litestream@1.0.1', ...args], {
      env,
      stdout: 'ignore',
      stderr: 'ignore',
      detached: true, // its own process group, because the fetched program runs as a child of this one
    })
  return {
    replicate() {
      const child = run('replicate', '-config', config)
      const kill9 = async () => {
        if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 9)
        await child.exited
      }
      afterTest(kill9)
      return kill9
    },
    /** Restores both databases into an empty folder; undefined while the store does not have both. */
    async restore(): Promise<string | undefined> {
      const [objects, folder] = [temporaryFolder(), temporaryFolder()]
      copyObjects(join(s3.folder, 'backups'), objects)
      for (const name of databases) {
        await run('restore', '-o', join(folder, name), `file://${join(objects, name.replace('.db', ''))}`).exited
        if (!existsSync(join(folder, name))) return undefined
      }
      return folder
    },
  }
}

/** The files that Litestream stored, read from disk, because s3rver does not list folders that contain only folders. */
function copyObjects(bucket: string, to: string): void {
  const suffix = '._S3rver_object'
  for (const file of new Bun.Glob(`**/*${suffix}`).scanSync({ cwd: bucket, dot: true })) {
    mkdirSync(join(to, dirname(file)), { recursive: true })
    copyFileSync(join(bucket, file), join(to, file.slice(0, -suffix.length)))
  }
}

/** The number of rows of each table of both databases. */
function rowsIn(folder: string): unknown {
  return databases.map(name => {
    const db = new Database(join(folder, name), { readonly: true })
    const tables = db.query<{ name: string }, []>(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
    const counted = tables.all().map(table => [table.name, db.query(`SELECT count(*) AS n FROM "${table.name}"`).get()])
    db.close()
    return counted
  })
}

fetchedTest('what Litestream copied to the store is restored after the machine is lost, seconds old', async () => {
  const first = await spawnFieldhouse({ LITESTREAM: 'true' })
  const litestream = await openLitestream(first.dataDir)
  const killLitestream = litestream.replicate()
  const { id } = await newLeague(first.call)
  await first.finished(upload(first.call, id, 'ID,Name,Power\n1,ann,5\n2,bob,7\n'))
  await first.finished(
    upload(first.call, id, 'ID,Name,Power\n1,ann,9\n2,bob,8\n', { taken_at: '2026-02-01T00:00:00Z' }),
  )
  const before = await board(first.call, id)
  await until(async () => {
    const folder = await litestream.restore()
    return folder && Bun.deepEquals(rowsIn(folder), rowsIn(first.dataDir))
  }, 60_000)
  await Promise.all([first.kill9(), killLitestream()])

  const folder = await litestream.restore()
  const second = await start({ LITESTREAM: 'true' }, folder)
  expect(await board(second.call, id)).toEqual(before)
})
