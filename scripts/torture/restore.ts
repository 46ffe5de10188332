/** Kills restores half-way. In the end everything acknowledged before the backup must be there; later things need not be. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backupNames, backupsFolder } from '../../src/monitor/backups/backup.ts'
import { spawnServer, startChildServer } from '../trials/child-server.ts'
import { endWithUs } from '../trials/end-with-us.ts'
import { auditAct } from './audit.ts'
import type { Round } from './faults.ts'
import { auditDatabases, auditLeftovers } from './files.ts'

const maxKills = 4

const script = (name: string) => join(import.meta.dir, '..', `${name}.ts`)
function run(name: string, args: string[], dataDir: string) {
  const child = Bun.spawn([process.execPath, script(name), ...args], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: dataDir, BACKUP_KEEP: '2' },
    stdout: 'ignore',
    stderr: 'pipe',
    timeout: 120_000,
    killSignal: 'SIGKILL',
  })
  endWithUs(child)
  return child
}

/** Makes a backup of everything acknowledged so far, and returns its path. */
async function backUp({ installation: { dataDir }, found }: Round): Promise<string | undefined> {
  const child = run('backup', [], dataDir)
  const [complaint, code] = await Promise.all([new Response(child.stderr).text(), child.exited])
  const [newest] = backupNames(dataDir)
  if (code === 0 && newest) return join(backupsFolder(dataDir), newest)
  found(`backup: ended with ${code}: ${complaint}`)
  return undefined
}

export async function killRestoreAtStart(round: Round): Promise<void> {
  const { installation, world, random, found } = round
  const backup = await backUp(round)
  if (!backup) return
  const before = structuredClone(world.known)
  await round.act(300)
  await installation.doors()[0]?.call.post(`/admin/backups/${backup.split('/').at(-1)}/restore`)
  world.known = before
  await installation.kill()
  const { dataDir } = installation
  const env = installation.envOf('all', {})
  for (let kills = random.whole(0, maxKills); kills > 0; kills--) {
    const server = await spawnServer(dataDir, env)
    await Bun.sleep(random.whole(0, installation.startTakes()))
    await server.kill()
    installation.countKill()
  }
  const server = await startChildServer(dataDir, env) // one process only: while a backup is being restored no other may start
  await server.kill()
  const aside = readdirSync(backupsFolder(dataDir)).filter(name => name.startsWith('replaced-'))
  if (aside.length !== 1) found(`restore: ${aside.length} folders hold what was there before`)
  for (const name of aside) rmSync(join(backupsFolder(dataDir), name), { recursive: true })
}

export async function killRestoreCommand(round: Round): Promise<void> {
  const { installation, world, random, found } = round
  const backup = await backUp(round)
  if (!backup) return
  const folder = mkdtempSync(join(tmpdir(), 'fieldhouse-restored-'))
  try {
    for (let kills = random.whole(0, maxKills); kills > 0; kills--) {
      const child = run('restore', [backup], folder)
      await Bun.sleep(random.whole(0, installation.startTakes()))
      child.kill('SIGKILL')
      await child.exited
      installation.countKill()
    }
    if (!existsSync(join(folder, 'fieldhouse.db'))) {
      const child = run('restore', [backup], folder)
      const [complaint, code] = await Promise.all([new Response(child.stderr).text(), child.exited])
      if (code !== 0) return found(`restore command: after it was killed: ${complaint.trim()}`)
    }
    const server = await startChildServer(folder)
    await auditAct({ call: server.call, world: { ...world, known: structuredClone(world.known) }, found })
    auditDatabases(folder, found)
    await auditLeftovers(folder, { processes: 1, queue: 1 }, found)
    await server.kill()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
