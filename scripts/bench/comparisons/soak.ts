/** Ten minutes of uploads and reads: how memory goes. */
import { rm } from 'node:fs/promises'
import type { Comparison, Options, Side } from '../comparison.ts'
import { scansIn } from '../scan-files.ts'
import { openFieldhouse } from '../subjects/fieldhouse.ts'
import { openSteadyReader } from '../subjects/steady-reader.ts'

const rows = 100_000
const minutes = 10

export const soak: Comparison = {
  name: 'soak',
  title: 'Ten minutes of uploads and reads',
  isLong: true,
  isCold: true,
  rounds: () => minutes,
  figures: {
    memory: {
      title: `memory, minute by minute, under uploads of ${rows.toLocaleString('en')} rows and 200 reads a second`,
      unit: 'MB',
      better: 'less',
    },
    peak: { title: 'the most it ever was', unit: 'MB', better: 'less', aims: [{ most: 350 }] },
    p99: { title: 'its reads, p99', unit: 'ms', better: 'less' },
    uploads: { title: 'uploads in a minute', unit: 'times', better: 'more' },
  },
  sides: { Fieldhouse: fieldhouse },
}

async function fieldhouse({ folder }: Options): Promise<Side> {
  const server = await openFieldhouse(folder)
  const league = await server.newLeague()
  const scan = scansIn(folder, rows, 'csv')
  await server.upload(league, await scan(0), 'baseline')
  await server.upload(league, await scan(1), 'current')
  let n = 1
  return {
    steps: {
      async minute() {
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
        return { memory: server.memoryMb(), peak: server.peakMb(), p99: (await reader.end()).p99, uploads }
      },
    },
    stretches: server.stretches,
    stop: server.stop,
  }
}
