import { join } from 'node:path'
import { t } from 'elysia'
import { job } from '../../context.ts'

const script = join(import.meta.dir, '../../../scripts/backup.ts')

type Told = { percent: number; stage: string } | { made: object }

/**
 * A backup, made by a process of its own: copying a large database keeps a thread busy for seconds. That process takes the
 * lock, so one that is killed frees it at once, and `bun run backup` waits for it.
 */
export const backUp = job('backups.make', {
  input: t.Object({}),
  once: () => 'backup',
  backoff: '5m',
  async run(_, { config }, { signal, progress }) {
    const { PATH, HOME } = process.env
    let made: object | undefined
    const child = Bun.spawn([process.execPath, script], {
      env: { PATH, HOME, DATA_DIR: config.dataDir, BACKUP_KEEP: String(config.backupKeep) },
      stdout: 'ignore',
      stderr: 'pipe',
      ipc(told: Told) {
        if ('stage' in told) progress(told.percent, told.stage)
        else made = told.made
      },
    })
    const stop = () => child.kill(9) // leaves nothing that counts as a backup
    signal.addEventListener('abort', stop)
    try {
      const said = await new Response(child.stderr).text()
      const code = await child.exited
      signal.throwIfAborted()
      if (!made) throw new Error(said.trim() || `The backup ended early (${child.signalCode ?? code})`)
      return made
    } finally {
      signal.removeEventListener('abort', stop)
    }
  },
})
