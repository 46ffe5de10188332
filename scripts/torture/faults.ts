/** The faults injected into an installation while users act. After each one, all its remaining processes are killed. */
import { writeFileSync } from 'node:fs'
import type { Random } from '../demo/random.ts'
import type { ChildEnv } from '../trials/child-server.ts'
import type { Found } from './audit.ts'
import type { Installation } from './installation.ts'
import { killMigration } from './migrate.ts'
import { killRestoreAtStart, killRestoreCommand } from './restore.ts'
import { untilTrue, type World } from './world.ts'

export type Round = {
  installation: Installation
  world: World
  random: Random
  /** The longest pause before or after a fault; the shortest is a tenth of it. */
  seconds: number
  /** A port that accepts connections and never answers. */
  silentPort: number
  found: Found
  /** Lets all lanes act for this long. */
  act(ms: number): Promise<void>
}

export type Fault = {
  says: string
  /** Why the fault cannot be injected here; undefined if it can. */
  missing?(installation: Installation): string | undefined
  /** The processes are restarted with these variables. */
  env?(round: Round): ChildEnv
  /** No actions during this fault. */
  isQuiet?: true
  inject(round: Round): Promise<void>
}

const aWhile = ({ random, seconds }: Round, share = 1) => Bun.sleep(random.whole(100, 1000) * seconds * share)
const diskOf = ({ disk }: Installation) => disk ?? raise('There is no small disk')
type Redis = NonNullable<Installation['redis']>

/** Redis fails for a while. The times are shares of the usual pause. */
const ofRedis = (
  says: string,
  begin: (redis: Redis) => unknown,
  end: (redis: Redis) => unknown,
  { lasts = 1, after = 0.5 } = {},
): Fault => ({
  says,
  missing: ({ redis }) => (redis ? undefined : 'without Redis'),
  async inject(round) {
    const redis = round.installation.redis ?? raise('There is no Redis')
    await aWhile(round, 0.5)
    await begin(redis)
    await aWhile(round, lasts)
    await end(redis)
    await aWhile(round, after)
  },
})

const faketime = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/faketime/libfaketimeMT.so.1',
].find(path => Bun.file(path).size > 0)
const clockFile = ({ dataDir }: Installation) => `${dataDir}.clock`
const longestFreeze = 20 // seconds

export const tortureFaults = {
  kill: {
    says: 'kill -9 of every process',
    inject: aWhile,
  },

  kill_one: {
    says: 'kill -9 of one of two processes, and a new one beside the other',
    missing: ({ roles }) => (roles.length > 1 ? undefined : 'one process alone'),
    async inject(round) {
      const { installation, random } = round
      await aWhile(round, 0.5)
      const victim = random.pick(installation.servers())
      await installation.kill([victim])
      await aWhile(round, 0.5)
      await installation.replace(victim)
      await aWhile(round, 0.5)
    },
  },

  stop: {
    says: 'SIGTERM under load',
    async inject(round) {
      await aWhile(round)
      const { installation, found } = round
      const stopped = Promise.all(installation.servers().map(server => server.stop())).then(() => true)
      if (!(await Promise.race([stopped, Bun.sleep(30_000).then(() => false)]))) found('it did not stop within 30 s')
    },
  },

  freeze: {
    says: 'the event loop of a process stands still (SIGSTOP), up to 20 s',
    async inject(round) {
      const { installation, random, seconds } = round
      const victim = random.pick(installation.servers())
      await aWhile(round, 0.5)
      victim.freeze()
      await Bun.sleep(random.whole(100, 1000) * Math.min(longestFreeze, 10 * seconds))
      victim.thaw()
      await aWhile(round, 0.5)
    },
  },

  redis_killed: ofRedis(
    'Redis is killed, and comes back empty',
    redis => redis.kill(),
    redis => redis.restart(),
    { after: 1 },
  ),
  redis_slow: ofRedis(
    'Redis answers nobody for a while (SIGSTOP)',
    redis => redis.freeze(),
    redis => redis.thaw(),
    { lasts: 2 },
  ),
  redis_full: ofRedis(
    'Redis is full (maxmemory, noeviction)',
    redis => redis.fill(),
    redis => redis.empty(),
  ),

  disk_full: {
    says: 'the disk is full to the last byte, and has room again',
    missing: ({ disk }) => (disk ? undefined : 'not on a small disk'),
    async inject(round) {
      const { installation, found } = round
      await aWhile(round, 0.5)
      diskOf(installation).fill()
      await aWhile(round)
      diskOf(installation).empty()
      await aWhile(round, 0.5)
      if (installation.servers().some(({ hasEnded }) => hasEnded())) return found('a process ended on the full disk')
      const [door] = installation.doors()
      const works = () =>
        door?.call.post('/api/v1/invitations', { role: 'member' }).then(
          () => true,
          () => false,
        ) ?? Promise.resolve(false)
      if (!(await untilTrue(works, 30_000))) found('nothing can be written 30 s after there was room again')
    },
  },

  clock: {
    says: 'the clock jumps, forward and back, by up to three days',
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
        const most = random.pick([60, 3600, 3 * 86_400])
        writeFileSync(clockFile(installation), `${random.pick(['+', '-'])}${random.whole(1, most)}s`)
        await Bun.sleep(1000)
        await aWhile(round, 0.5)
      }
    },
  },

  hang: {
    says: 'feed, webhook, mail server and S3 store accept and never answer',
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
      const { installation, world, random, found } = round
      world.feed.fault('slow')
      await installation
        .doors()[0]
        ?.call.post('/admin/backups/s3')
        .catch(error => found(`the backup to S3 was refused: ${error.message}`))
      await aWhile(round, 2)
      if (random.chance(0.5)) await tortureFaults.stop.inject(round)
      world.feed.fault(null)
    },
  },

  restore: {
    says: 'a start that restores a backup is killed, up to four times',
    isQuiet: true,
    inject: killRestoreAtStart,
  },

  restore_command: {
    says: '`bun run restore` is killed, up to four times',
    isQuiet: true,
    inject: killRestoreCommand,
  },

  migrate: {
    says: 'the first start over a folder of 1.0.0 is killed, up to four times',
    isQuiet: true,
    inject: killMigration,
  },
} satisfies Record<string, Fault>

export type FaultName = keyof typeof tortureFaults
export const faultNames = Object.keys(tortureFaults) as FaultName[]

function raise(message: string): never {
  throw new Error(message)
}
