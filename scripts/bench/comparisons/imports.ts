/**
 * Reads at a fixed rate while sheets are imported one after the other, so that one slow answer delays those after it. Whoever
 * imports faster imports more of them: of as many reads on each side, the 99th percentile is comparable.
 */
import { appendFileSync, closeSync, openSync, statSync, writeSync } from 'node:fs'
import { type BenchOptions, type ComparedSide, type Comparison, Missing } from '../comparison.ts'
import { scansIn } from '../scan-files.ts'
import { openFieldhouse } from '../subjects/fieldhouse.ts'
import { openStack } from '../subjects/stack.ts'
import { openSteadyReader } from '../subjects/steady-reader.ts'

const rows = 100_000
const perSecond = 200
const readsEach = 2_000 // what the stack answers during one import

export const readsDuringImport: Comparison = {
  name: 'imports',
  title: 'Reads during an import',
  isCold: true, // the stack reads a workbook of this size for half a minute
  rounds: ({ rounds, isQuick }) => (isQuick ? 1 : rounds),
  figures: {
    p99: {
      title: `reads during imports of XLSX of ${rows.toLocaleString('en')} rows, p99`,
      unit: 'ms',
      aims: [{ beside: 'stack', ratio: 1 }],
    },
    worst: { title: 'the longest of them', unit: 'ms' },
  },
  sides: {
    Fieldhouse: async options => {
      const server = await openFieldhouse(options.folder)
      const league = await server.newLeague()
      const board = `${server.url}/api/v1/leagues/${league}/leaderboard`
      const side = await withReader(options, board, (file, kind) => server.upload(league, file, kind), server.stop)
      return { ...side, stretches: server.stretches }
    },
    stack: async options => {
      const stack = await openStack(options.folder)
      if (stack instanceof Missing) return stack
      return withReader(options, `${stack.url}/leaderboard`, stack.upload, stack.stop)
    },
  },
}

async function withReader(
  { folder }: BenchOptions,
  board: string,
  upload: (file: string, kind: 'baseline' | 'current') => Promise<unknown>,
  stop: () => Promise<void>,
): Promise<ComparedSide> {
  const scan = scansIn(folder, rows, 'xlsx')
  const csv = scansIn(folder, rows, 'csv')
  await upload(await csv(0), 'baseline')
  await upload(await csv(1), 'current') // CSV, because the stack reads workbooks slowly
  const files = [await scan(2), await scan(3)].map(withSerial)
  let sent = 0
  return {
    steps: {
      import: async () => {
        const reader = await openSteadyReader(board, perSecond)
        const end = performance.now() + (readsEach / perSecond) * 1_000
        while (performance.now() < end) await upload(files[sent % 2]!(++sent), 'current')
        return reader.end()
      },
    },
    stop,
  }
}

const digits = 8

/** Gives a zip file a comment; each call changes it, because the same bytes are imported only once. */
function withSerial(path: string) {
  const { size } = statSync(path)
  appendFileSync(path, '0'.repeat(digits))
  write(path, Uint8Array.of(digits, 0), size - 2) // the length of the comment
  return (serial: number) => {
    write(path, Buffer.from(String(serial).padStart(digits, '0')), size)
    return path
  }
}

function write(path: string, bytes: Uint8Array, at: number): void {
  const file = openSync(path, 'r+')
  writeSync(file, bytes, 0, bytes.length, at)
  closeSync(file)
}
