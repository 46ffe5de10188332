/** The faults injected into an installation while users act. After each one, all its remaining processes are killed. */
import { writeFileSync } from 'node:fs'
import type { ChildEnv } from '../trials/child-server.ts'
import type { OwnRedis } from '../trials/own-redis.ts'
import type { Installation } from './installation.ts'
import { killMigration } from './migrate.ts'
import { killRestoreAtStart, killRestoreCommand } from './restore.ts'
import type { Round } from './round.ts'
import { untilTrue } from './world.ts'

export type Fault = {
  description: string
  /** Why the fault cannot be injected here; undefined if it can. */
  missing?(installation: Installation): string | undefined
  /** The processes are restarted with these variables. */
  env?(round: Round): ChildEnv
  /** No actions during this fault. */
  isQuiet?: true
  inject(round: Round): Promise<void>
}

const pause = ({ random, seconds }: Round, share = 1) => Bun.sleep(random.whole(100, 1000) * seconds * share)
const diskOf = ({ disk }: Installation) => disk ?? raise('There is no small disk')
/** Redis fails for a while. The times are shares of the usual pause. */
const redisFault = (
  description: string,
  begin: (redis: OwnRedis) => unknown,
  end: (redis: OwnRedis) => unknown,
  { lasts = 1, after = 0.5 } = {},
): Fault => ({
  description,
  missing: ({ redis }) => (redis ? undefined : 'without Redis'),
  async inject(round) {
    const redis = round.installation.redis ?? raise('There is no Redis')
    await pause(round, 0.5)
    await begin(redis)
    await pause(round, lasts)
    await end(redis)
    await pause(round, after)
  },
})

const faketime = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/faketime/libfaketimeMT.so.1',
].find(path => Bun.file(path).size > 0)
const clockFile = ({ dataDir }: Installation) => `${dataDir}.clock`
const maxFreezeSeconds = 20

export const tortureFaults = {
  kill: {
    description: 'kill -9 of every process',
    inject: pause,
  },

  kill_one: {
    description: 'kill -9 of one of two processes, and a new one beside the other',
    missing: ({ roles }) => (roles.length > 1 ? undefined : 'one process alone'),
    async inject(round) {
      const { installation, random } = round
      await pause(round, 0.5)
      const victim = random.pick(installation.servers())
      await installation.kill([victim])
      await pause(round, 0.5)
      await installation.replace(victim)
      await pause(round, 0.5)
    },
  },

  stop: {
    description: 'SIGTERM under load',
    async inject(round) {
      await pause(round)
      const { installation, reportFinding } = round
      const allStopped = Promise.all(installation.servers().map(server => server.stop())).then(() => true)
      if (!(await Promise.race([allStopped, Bun.sleep(30_000).then(() => false)])))
        reportFinding('it did not stop within 30 s')
    },
  },

  freeze: {
    description: 'the event loop of a process stands still (SIGSTOP), up to 20 s',
    async inject(round) {
      const { installation, random, seconds } = round
      const victim = random.pick(installation.servers())
      await pause(round, 0.5)
      victim.freeze()
      await Bun.sleep(random.whole(100, 1000) * Math.min(maxFreezeSeconds, 10 * seconds))
      victim.thaw()
      await pause(round, 0.5)
    },
  },

  redis_killed: redisFault(
    'Redis is killed, and comes back empty',
    redis => redis.kill(),
    redis => redis.restart(),
    { after: 1 },
  ),
  redis_slow: redisFault(
    'Redis answers nobody for a while (SIGSTOP)',
    redis => redis.freeze(),
    redis => redis.thaw(),
    { lasts: 2 },
  ),
  redis_full: redisFault(
    'Redis is full (maxmemory, noeviction)',
    redis => redis.fill(),
    redis => redis.empty(),
  ),

  disk_full: {
    description: 'the disk is full to the last byte, and has room again',
    missing: ({ disk }) => (disk ? undefined : 'not on a small disk'),
    async inject(round) {
      const { installation, reportFinding } = round
      await pause(round, 0.5)
      diskOf(installation).fill()
      await pause(round)
      diskOf(installation).empty()
      await pause(round, 0.5)
      if (installation.servers().some(({ hasEnded }) => hasEnded()))
        return reportFinding('a process ended on the full disk')
      const [server] = installation.httpServers()
      const canWrite = () =>
        server?.call.post('/api/v1/invitations', { role: 'member' }).then(
          () => true,
          () => false,
        ) ?? Promise.resolve(false)
      if (!(await untilTrue(canWrite, 30_000))) reportFinding('nothing can be written 30 s after there was room again')
    },
  },

  clock: {
    description: 'the clock jumps, forward and back, by up to three days',
    missing: () => (faketime ? undefined : 'without libfaketime'),
    env({ installation }) {
      writeFileSync(clockFile(installation), '+0s')
      return {
        LD_PRELOAD: faketime,
        FAKETIME_TIMESTAMP_FILE: clockFile(installation),
        FAKETIME_CACHE_DURATION: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      }
    },
    async inject(round) {
      const { installation, random } = round
      for (let jumps = 0; jumps < 3; jumps++) {
        const maxSeconds = random.pick([60, 3600, 3 * 86_400])
        writeFileSync(clockFile(installation), `${random.pick(['+', '-'])}${random.whole(1, maxSeconds)}s`)
        await Bun.sleep(1000)
        await pause(round, 0.5)
      }
    },
  },

  hang: {
    description: 'feed, webhook, mail server and S3 store accept and never answer',
    env: ({ silentPort }) => ({
      ALERT_WEBHOOK_URL: `http://127.0.0.1:${silentPort}/alerts`,
      SMTP_URL: `smtp://127.0.0.1:${silentPort}`,
      MAIL_FROM: 'fieldhouse@example.org',
      PUBLIC_URL: 'https://play.example.org',
      BACKUP_S3_URL: `http://127.0.0.1:${silentPort}/bucket`,
      BACKUP_S3_ACCESS_KEY: 'access',
      BACKUP_S3_SECRET_KEY: 'secret',
    }),
    async inject(round) {
      const { installation, world, random, reportFinding } = round
      world.feed.fault('slow')
      await installation
        .httpServers()[0]
        ?.call.post('/admin/backups/s3')
        .catch(error => reportFinding(`the backup to S3 was refused: ${error.message}`))
      await pause(round, 2)
      if (random.chance(0.5)) await tortureFaults.stop.inject(round)
      world.feed.fault(null)
    },
  },

  restore: {
    description: 'a start that restores a backup is killed, up to four times',
    isQuiet: true,
    inject: killRestoreAtStart,
  },

  restore_command: {
    description: '`bun run restore` is killed, up to four times',
    isQuiet: true,
    inject: killRestoreCommand,
  },

  migrate: {
    description: 'the first start over a folder of 1.0.0 is killed, up to four times',
    isQuiet: true,
    inject: killMigration,
  },
} satisfies Record<string, Fault>

export type FaultName = keyof typeof tortureFaults
export const faultNames = Object.keys(tortureFaults) as FaultName[]

function raise(message: string): never {
  throw new Error(message)
}
