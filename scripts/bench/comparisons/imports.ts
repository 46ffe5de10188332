/**
 * Reads at a fixed rate while sheets are imported, so that one slow answer delays those after it. First without a pause, so whoever
 * imports faster imports more: of as many reads on each side, the 99th percentile is comparable. Then as a community does it: each
 * side gets as many sheets, and is read for as long as the slower one takes for them.
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
const sheetsEach = ({ isQuick }: BenchOptions) => (isQuick ? 1 : 3)
/** How long the slowest side has taken for its sheets so far, in ms: in the first round the stack is the first. */
let slowestMs = 0

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
    'p99 of the same': {
      title: 'reads while both import the same workbooks, p99',
      unit: 'ms',
      aims: [{ beside: 'stack', ratio: 1 }],
    },
    'worst of the same': { title: 'the longest of them', unit: 'ms' },
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
  options: BenchOptions,
  board: string,
  upload: (file: string, kind: 'baseline' | 'current') => Promise<unknown>,
  stop: () => Promise<void>,
): Promise<ComparedSide> {
  const { folder } = options
  const scan = scansIn(folder, rows, 'xlsx')
  const csv = scansIn(folder, rows, 'csv')
  await upload(await csv(0), 'baseline')
  await upload(await csv(1), 'current') // CSV, because the stack reads workbooks slowly
  const files = [await scan(2), await scan(3)].map(withSerial)
  let sent = 0
  const importNext = () => upload(files[sent % 2]!(++sent), 'current')
  return {
    steps: {
      import: async () => {
        const reader = await openSteadyReader(board, perSecond)
        const end = performance.now() + (readsEach / perSecond) * 1_000
        while (performance.now() < end) await importNext()
        return reader.end()
      },
      'import the same': async () => {
        const reader = await openSteadyReader(board, perSecond)
        const began = performance.now()
        for (let i = 0; i < sheetsEach(options); i++) await importNext()
        slowestMs = Math.max(slowestMs, performance.now() - began)
        await Bun.sleep(began + slowestMs - performance.now())
        const { p99, worst } = await reader.end()
        return { 'p99 of the same': p99, 'worst of the same': worst }
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
