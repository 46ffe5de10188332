import { join } from 'node:path'
import { t } from 'elysia'
import { job } from '../../context.ts'
import { runProgram } from '../../platform/process/child-process.ts'

const script = join(import.meta.dir, '../../../scripts/backup.ts')

type Told = { percent: number; stage: string } | { made: object }

/**
 * A backup, made by a process of its own: copying a large database keeps a thread busy for seconds. That process takes the
 * lock, so one that is killed frees it at once, and `bun run backup` waits for it. It leaves nothing then that counts as a backup.
 */
export const backUp = job('backups.make', {
  input: t.Object({}),
  once: () => 'backup',
  backoff: '5m',
  async run(_, { config: { dataDir, backupKeep } }, { signal, progress }) {
    let made: object | undefined
    const env = { DATA_DIR: dataDir, BACKUP_KEEP: String(backupKeep) }
    const { said, ended } = await runProgram<Told>(script, env, signal, told => {
      if ('stage' in told) progress(told.percent, told.stage)
      else made = told.made
    })
    if (!made) throw new Error(said || `The backup ended early (${ended})`)
    return made
  },
})
