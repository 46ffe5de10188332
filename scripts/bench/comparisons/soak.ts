/** Memory over ten minutes of uploads and reads; two minutes with `--quick`. */
import { rm } from 'node:fs/promises'
import type { BenchOptions, ComparedSide, Comparison } from '../comparison.ts'
import { withUnit } from '../report.ts'
import { scansIn } from '../scan-files.ts'
import { openFieldhouse } from '../subjects/fieldhouse.ts'
import { openSteadyReader } from '../subjects/steady-reader.ts'

const rows = 100_000
const minutesOf = ({ isQuick }: BenchOptions) => (isQuick ? 2 : 10)
/** By then every part has been used once, so a later increase is growth. */
const settled = 'after a third of the time'

export const soak: Comparison = {
  name: 'soak',
  title: 'Ten minutes of uploads and reads',
  isLong: true,
  isCold: true,
  rounds: minutesOf,
  figures: {
    memory: {
      title: `memory under uploads of ${rows.toLocaleString('en')} rows and 200 reads a second`,
      unit: 'MB',
    },
    last: {
      title: 'memory after the last minute',
      unit: 'MB',
      yardstick: settled,
      aims: [{ beside: settled, ratio: 0.9 }],
    },
    peak: { title: 'the most it ever was', unit: 'MB', aims: [{ most: 350 }] },
    p99: { title: 'its reads, p99', unit: 'ms' },
    uploads: { title: 'uploads in a minute', unit: 'times' },
  },
  sides: { Fieldhouse: fieldhouse },
}

async function fieldhouse(options: BenchOptions): Promise<ComparedSide> {
  const { folder } = options
  const minutes = minutesOf(options)
  const server = await openFieldhouse(folder)
  const league = await server.newLeague()
  const scan = scansIn(folder, rows, 'csv')
  await server.upload(league, await scan(0), 'baseline')
  await server.upload(league, await scan(1), 'current')
  let n = 1
  let first = 0
  return {
    steps: {
      async minute(round) {
        const reader = await openSteadyReader(`${server.url}/api/v1/leagues/${league}/leaderboard`, 200)
        const end = performance.now() + 60_000
        let uploads = 0
        while (performance.now() < end) {
          const file = await scan(++n)
          await server.upload(league, file, 'current')
          await rm(file) // four hundred of them would fill the disk
          uploads++
          await Bun.sleep(1_000)
        }
        const [memory, { p99 }] = [server.memoryMb(), await reader.end()]
        console.error(
          `minute ${round}: ${withUnit(memory, 'MB')}, ${uploads} uploads, p99 of reads ${withUnit(p99, 'ms')}`,
        )
        if (round === Math.ceil(minutes / 3)) first = memory
        return {
          memory,
          peak: server.peakMb(),
          p99,
          uploads,
          ...(round === minutes && { last: memory, [settled]: first }),
        }
      },
    },
    stretches: server.stretches,
    stop: server.stop,
  }
}
