/** Kills restores half-way. In the end everything acknowledged before the backup must be there; later things need not be. */

import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backupNames, backupsFolder } from '../../src/monitor/backups/stored-backups.ts'
import { childEnv } from '../trials/child-env.ts'
import { spawnServer, startChildServer } from '../trials/child-server.ts'
import { endWithUs } from '../trials/end-with-us.ts'
import { auditAct } from './audit.ts'
import { auditDatabases, auditLeftovers } from './files.ts'
import type { Round } from './round.ts'

const maxKills = 4

const scriptPath = (name: string) => join(import.meta.dir, '..', `${name}.ts`)
function runScript(name: string, args: string[], dataDir: string) {
  const child = Bun.spawn([process.execPath, scriptPath(name), ...args], {
    env: { ...childEnv, DATA_DIR: dataDir, BACKUP_KEEP: '2' },
    stdout: 'ignore',
    stderr: 'pipe',
    timeout: 120_000,
    killSignal: 'SIGKILL',
  })
  endWithUs(child)
  return child
}

/** Makes a backup of everything acknowledged so far, and returns its path. */
async function backUp({ installation: { dataDir }, reportFinding }: Round): Promise<string | undefined> {
  const child = runScript('backup', [], dataDir)
  const [stderrText, code] = await Promise.all([new Response(child.stderr).text(), child.exited])
  const [newest] = backupNames(dataDir)
  if (code === 0 && newest) return join(backupsFolder(dataDir), newest)
  reportFinding(`backup: ended with ${code}: ${stderrText}`)
  return undefined
}

export async function killRestoreAtStart(round: Round): Promise<void> {
  const { installation, world, random, reportFinding } = round
  const backup = await backUp(round)
  if (!backup) return
  const sentBefore = structuredClone(world.sent)
  await round.act(300)
  await installation.httpServers()[0]?.call.post(`/admin/backups/${backup.split('/').at(-1)}/restore`)
  world.sent = sentBefore
  await installation.kill()
  const { dataDir } = installation
  const env = installation.envOf('all', {})
  for (let kills = random.whole(0, maxKills); kills > 0; kills--) {
    const server = await spawnServer(dataDir, env)
    await Bun.sleep(random.whole(0, installation.startMs()))
    await server.kill()
    installation.countKill()
  }
  const server = await startChildServer(dataDir, env) // one process only: while a backup is being restored no other may start
  await server.kill()
  const replacedFolders = readdirSync(backupsFolder(dataDir)).filter(name => name.startsWith('replaced-'))
  if (replacedFolders.length !== 1)
    reportFinding(`restore: ${replacedFolders.length} folders hold what was there before`)
  for (const name of replacedFolders) rmSync(join(backupsFolder(dataDir), name), { recursive: true })
}

export async function killRestoreCommand(round: Round): Promise<void> {
  const { installation, world, random, reportFinding } = round
  const backup = await backUp(round)
  if (!backup) return
  const folder = mkdtempSync(join(tmpdir(), 'fieldhouse-restored-'))
  try {
    for (let kills = random.whole(0, maxKills); kills > 0; kills--) {
      const child = runScript('restore', [backup], folder)
      await Bun.sleep(random.whole(0, installation.startMs()))
      child.kill('SIGKILL')
      await child.exited
      installation.countKill()
    }
    if (!existsSync(join(folder, 'fieldhouse.db'))) {
      const child = runScript('restore', [backup], folder)
      const [stderrText, code] = await Promise.all([new Response(child.stderr).text(), child.exited])
      if (code !== 0) return reportFinding(`restore command: after it was killed: ${stderrText.trim()}`)
    }
    const server = await startChildServer(folder)
    await auditAct({
      call: server.call,
      world: { ...world, sent: structuredClone(world.sent) },
      reportFinding,
    })
    auditDatabases(folder, reportFinding)
    await auditLeftovers(folder, { processes: 1, queue: 1 }, reportFinding)
    await server.kill()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
