/** A real S3 store: s3rver, fetched as a package, on a free port. */
import { freePort } from '../scripts/trials/free-port.ts'
import { afterTest, temporaryFolder, until } from './start.ts'

export async function startS3() {
  const port = freePort()
  const folder = temporaryFolder()
  const server = ['x', '--bun', 's3rver@3.7.1', '-d', folder, '-a', '127.0.0.1', '-p', String(port), '--silent']
  const child = Bun.spawn([process.execPath, ...server, '--configure-bucket', 'backups'], {
    stdout: 'ignore',
    stderr: 'ignore',
    detached: true, // its own process group, because the fetched program runs as a child of this one
  })
  afterTest(async () => {
    process.kill(-child.pid, 9)
    await child.exited
  })
  const url = `http://127.0.0.1:${port}`
  const isAnswering = () =>
    fetch(url).then(
      () => true,
      () => false,
    )
  await until(isAnswering, 120_000)
  return {
    folder,
    url,
    env: {
      BACKUP_S3_URL: `${url}/backups/our/club`,
      BACKUP_S3_ACCESS_KEY: 'S3RVER',
      BACKUP_S3_SECRET_KEY: 'S3RVER',
    },
  }
}
