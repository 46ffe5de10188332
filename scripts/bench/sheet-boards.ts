/**
 * A large sheet league with all that boards can have: labels, goals by power, an extra sheet, changed weights tried before they are
 * saved. Each is asked once of a service that has just taken the sheet, then again when it is ready; reads of the board go on meanwhile.
 *
 *   bun scripts/bench/sheet-boards.ts [rows = 1000000]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { helpFirst } from '../script-help.ts'
import { answerMs } from './comparison.ts'
import { makeCsv } from './scan-files.ts'
import { openFieldhouse } from './subjects/fieldhouse.ts'

helpFirst(import.meta.path, { words: 100 })

const rows = Number(process.argv[2] ?? 1_000_000)
const folder = mkdtempSync(join(tmpdir(), 'bench-boards-'))
const goals = [
  { to: 20_000_000, targets: { kill_points: 1_000_000, deads: 10_000 } },
  { from: 20_000_000, targets: { kill_points: 9_000_000, deads: 90_000 } },
]

const server = await openFieldhouse(folder)
const { call, url, operator } = server
try {
  const path = `/api/v1/leagues/${await server.newLeague()}`
  const get = (query: string) => answerMs(url + path + query, operator)
  const send = async (file: string, kind: string, day: number) => {
    const form = new FormData()
    form.set('kind', kind)
    form.set('force', 'true')
    form.set('taken_at', `2026-02-0${day}T00:00:00Z`)
    form.set('file', Bun.file(file), 'sheet.csv')
    await call.done(await call.post(`${path}/uploads`, form))
    await get('/leaderboard')
  }

  const file = (name: string) => join(folder, `${name}.csv`)
  await makeCsv(file('baseline'), rows, { isLabelled: true })
  await makeCsv(file('scan'), rows + 1, { isLabelled: true })
  await makeExtra(file('extra'))
  await send(file('baseline'), 'baseline', 1)

  console.log(`${rows.toLocaleString('en')} players\n${'first'.padStart(54)} ${'again'.padStart(9)}   reads meanwhile`)
  const preview = (config: object) => call.post(`${path}/preview-config`, { config })
  await measure('a scan with an alliance, to its board', () => send(file('scan'), 'current', 2), false)
  await measure('the board of one alliance', () => get('/leaderboard?label=alliance:ABC'))
  await measure('who would move by other weights', () => preview({ weights: { kill_points: 1 } }))
  await measure('goals by power, to the board', async () => {
    await call.patch(path, { config: { goals } })
    await get('/leaderboard')
  })
  await measure('ranked by percent of the goal', () => get('/leaderboard?sort_by=goal_pct'))
  await measure('ranked by percent of one target', () => get('/leaderboard?sort_by=deads.goal_pct'))
  await measure('an extra sheet of half of them, to the board', () => send(file('extra'), 'extra', 3), false)
  await measure('ranked by its column', () => get('/leaderboard?sort_by=verified_deaths'))
  await measure('a scan beside an extra sheet, to its board', () => send(file('baseline'), 'current', 4), false)

  /** Runs the work twice, unless it can be done only once. */
  async function measure(what: string, work: () => Promise<unknown>, isRepeated = true) {
    const reads = startReader(() => get('/leaderboard?page=7'))
    const once = async () => {
      const began = performance.now()
      await work()
      return performance.now() - began
    }
    const first = await once()
    const again = isRepeated ? await once() : undefined
    const ms = (time: number | undefined) => (time === undefined ? '' : `${time.toFixed(0)} ms`)
    const p99 = await reads.end()
    console.log(`${what.padEnd(44)} ${ms(first).padStart(9)} ${ms(again).padStart(9)}   p99 ${p99.toFixed(0)} ms`)
  }
} finally {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}

function startReader(read: () => Promise<number>) {
  let isOver = false
  const waits: number[] = []
  const reading = (async () => {
    while (!isOver) {
      waits.push(await read())
      await Bun.sleep(5)
    }
  })()
  return {
    async end(): Promise<number> {
      isOver = true
      await reading
      waits.sort((a, b) => a - b)
      return waits[Math.floor(waits.length * 0.99)] ?? 0
    },
  }
}

async function makeExtra(path: string) {
  const file = Bun.file(path).writer()
  file.write('ID,Name,Verified Deaths\n')
  for (let i = 0; i < rows; i += 2) file.write(`${10_000_000 + i * 7},Governor ${i},${(i * 7919) % 100_000}\n`)
  await file.end()
}
