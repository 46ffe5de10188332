/**
 * `bun run torture`: injects faults into separate servers at random moments while users act: kills them, freezes them, fills their disk, moves
 * their clock, takes Redis away, kills restores and migrations. After each round it checks that everything acknowledged is there
 * exactly once, that ledgers add up, boards follow from their sources, files are intact and none is left over. Ends with 1 if
 * something was lost. No running installation is touched.
 *
 *   --rounds N     the number of rounds (30); every five rounds use a new folder with another layout
 *   --seconds S    about how long users act in a round (2)
 *   --minutes M    no round starts later than this (60); a signal ends it and prints the findings so far
 *   --only a,b     only these actions of users: league, upload, publish, undo, update, trade, price, entry, invitation, finalise,
 *                  confirm, backup, read
 *   --faults a,b   only these faults: kill, kill_one, stop, freeze, redis_killed, redis_slow, redis_full, disk_full, clock, hang,
 *                  restore, restore_command, migrate
 *   --layout N     always this layout: 1 one process, 2 web and worker, 3 one with Redis, 4 two, 5 one on a small disk, 6 web and
 *                  worker with Redis
 *   --seed N       repeats the moments of that seed, as far as the machine allows; otherwise one is chosen and printed
 */
import { rmSync } from 'node:fs'
import { startFakeFeed } from './fake-feed.ts'
import { randomFrom } from './random.ts'
import { misused } from './script-help.ts'
import { type ActionName, actionNames, actions, actionWeights, statusOf } from './torture/actions.ts'
import { auditAct, settleJobs } from './torture/audit.ts'
import { type Fault, type FaultName, faultNames, tortureFaults } from './torture/faults.ts'
import { auditDatabases, auditLeftovers } from './torture/files.ts'
import { type Installation, layouts, openInstallation, type ProcessLayout } from './torture/installation.ts'
import type { Round } from './torture/round.ts'
import { openTally } from './torture/tally.ts'
import { fillWorld, lanes, type World } from './torture/world.ts'
import { trialOptions } from './trials/options.ts'
import { redisServer, startOwnRedis } from './trials/own-redis.ts'
import { startSilentServer } from './trials/silent-server.ts'
import { mountSmallDisk } from './trials/small-disk.ts'

const options = trialOptions(import.meta.path, { rounds: 30, seconds: 2, minutes: 60, layout: 0 }, ['only', 'faults'])
const { rounds, seconds, seed } = options
const chosenActions = chosen(options.only, actionNames)
const chosenFaults = chosen(options.faults, faultNames)
const random = randomFrom(seed)
const faultRandom = randomFrom(seed) // for the faults, so that their order depends on the seed alone, not on the actions
const tally = openTally()
const silentServer = startSilentServer()
const redis = redisServer ? await startOwnRedis() : undefined
const disk = mountSmallDisk(256)
const endsAt = performance.now() + options.minutes * 60_000
const roundsInAFolder = 5
const maxRoundMs = 300_000 // ms, on a busy machine; a longer round counts as hanging, which is a finding

function chosen<Name extends string>(list: string | undefined, names: readonly Name[]): readonly Name[] {
  const listed = list?.split(',')
  const unknown = listed?.find(name => !names.some(possibleName => possibleName === name))
  if (unknown === undefined) return names.filter(name => !listed || listed.includes(name))
  console.error(`${unknown} is none of ${names.join(', ')}`)
  process.exit(misused)
}

const possibleLayouts = layouts.filter(layout => redis || !layout.redis)
const layoutOf = (folder: number): ProcessLayout =>
  possibleLayouts[(options.layout ? options.layout - 1 : folder) % possibleLayouts.length]!
if (!redis) tally.skip('everything with Redis: there is no redis-server')
if (!disk) tally.skip('a disk that is full: a tmpfs may not be mounted here')

/** Acts until `isOver`, or until no server answers any more. */
async function actAll(round: Round, fault: FaultName, isOver: () => boolean, hasMailServer: boolean): Promise<void> {
  const weightedActions = chosenActions.flatMap(name => Array<ActionName>(2 * (actionWeights[name] ?? 1)).fill(name))
  async function actInLane(lane: number) {
    while (!isOver()) {
      const httpServers = round.installation.httpServers()
      if (!httpServers.length) return void (await Bun.sleep(20))
      const { call, hasEnded } = random.pick(httpServers)
      const name = random.pick(weightedActions)
      try {
        await actions[name]({ call, world: round.world, random, lane, hasMailServer })
        tally.countAction(fault, name)
      } catch (error) {
        const status = statusOf(error)
        if (status === 500 || (status && status < 500 && status !== 409 && status !== 429 && fault !== 'clock'))
          round.reportFinding(`${name}: ${(error as Error).message}`)
        if (!hasEnded()) await Bun.sleep(20)
      }
    }
  }
  await Promise.all(Array.from({ length: lanes }, (_, lane) => actInLane(lane)))
}

async function inject(name: FaultName, round: Round): Promise<void> {
  const fault: Fault = tortureFaults[name]
  const { installation } = round
  if (fault.env) {
    await installation.kill()
    await installation.start(fault.env(round))
  }
  let isOver = false
  const actionsDone = fault.isQuiet ? undefined : actAll(round, name, () => isOver, name === 'hang')
  try {
    await fault.inject(round)
    if (!fault.isQuiet) await installation.kill()
  } finally {
    isOver = true
    await actionsDone
  }
}

async function audit({ installation, world, reportFinding }: Round, timeoutMs: number): Promise<void> {
  const [server] = installation.httpServers()
  if (!server) return reportFinding('nobody answers')
  const audited = { call: server.call, world, reportFinding }
  const { waiting, givenUp } = await settleJobs(audited, timeoutMs)
  tally.countGivenUp(givenUp)
  if (waiting.length && timeoutMs > settleTimeout)
    reportFinding(`acknowledged runs have not ended: ${waiting.join('; ')}`)
  else if (waiting.length) console.log(`after ${timeoutMs / 1000} s still under way: ${waiting.join('; ')}`)
  await auditAct(audited)
  auditDatabases(installation.dataDir, reportFinding)
  const processes = installation.servers().length
  await auditLeftovers(installation.dataDir, { processes, queue: installation.redis ? 0 : processes }, reportFinding)
}

const settleTimeout = 15_000 // ms after a round; runs that have not ended by then are checked after the next one
const lastSettleTimeout = 120_000

async function play(name: FaultName, installation: Installation, world: World, isLast: boolean): Promise<void> {
  const kills = installation.kills()
  const reportFinding = (what: string) => tally.addFinding(name, `${what} (${installation.description})`)
  const round: Round = {
    installation,
    world,
    random,
    seconds,
    silentPort: silentServer.port,
    reportFinding,
    act: ms => {
      const end = performance.now() + ms
      return actAll(round, name, () => performance.now() > end, false)
    },
  }
  await inject(name, round)
  if (!installation.servers().some(({ hasEnded }) => !hasEnded())) await installation.start()
  await audit(round, isLast ? lastSettleTimeout : settleTimeout)
  tally.countRound(name, installation.kills() - kills)
}

const isTimeOver = () => performance.now() > endsAt
process.on('SIGINT', end)
process.on('SIGTERM', end)
function end(): never {
  tally.print(seed)
  process.exit(tally.findings() ? 1 : 0)
}

for (let roundsDone = 0, folder = 0; roundsDone < rounds && !isTimeOver(); folder++) {
  const layout = layoutOf(folder)
  const feed = startFakeFeed({ golfers: 24, firstTee: Date.now() - 3_600_000, from: 60 })
  const resources = { redis: layout.redis && redis, disk: layout.smallDisk && disk }
  await redis?.restart()
  const installation = openInstallation(layout, resources)
  const foundBefore = tally.findings()
  try {
    await installation.start()
    const [server] = installation.httpServers()
    if (!server) throw new Error('nobody answers')
    const world = await fillWorld(server.call, feed)
    const possibleFaults = chosenFaults.filter(name => !(tortureFaults[name] as Fault).missing?.(installation))
    for (
      let i = 0;
      i < roundsInAFolder && roundsDone < rounds && possibleFaults.length && !isTimeOver();
      i++, roundsDone++
    ) {
      const name = faultRandom.pick(possibleFaults)
      const isLast = i === roundsInAFolder - 1 || roundsDone === rounds - 1
      const tooLong = Bun.sleep(maxRoundMs).then(() => Promise.reject(new Error('the round did not end')))
      const start = performance.now()
      await Promise.race([play(name, installation, world, isLast), tooLong])
      const duration = ((performance.now() - start) / 1000).toFixed(1)
      console.log(
        `${roundsDone + 1}/${rounds} ${name}, ${installation.description}: ${duration} s, ${tally.findings()} findings so far`,
      )
    }
    if (!possibleFaults.length) roundsDone++
  } catch (error) {
    roundsDone++
    tally.addFinding('kill', `${error instanceof Error ? error.stack : error} (${installation.description})`)
  }
  await installation.kill()
  feed.stop()
  rmSync(`${installation.dataDir}.clock`, { force: true })
  if (tally.findings() === foundBefore) installation.remove()
  else {
    tally.note(`the folder is kept: ${installation.dataDir}`)
    for (const error of installation.errors().slice(-5)) tally.note(error.slice(0, 1000))
  }
}

end()
