/** Reads at a fixed rate while a sheet is imported, so that one slow answer delays those after it. */
import { type Comparison, Missing, type Options, type Side } from '../comparison.ts'
import { scansIn } from '../scan-files.ts'
import { openFieldhouse } from '../subjects/fieldhouse.ts'
import { openStack } from '../subjects/stack.ts'
import { openSteadyReader } from '../subjects/steady-reader.ts'

const rows = 100_000
const perSecond = 200

export const readsDuringImport: Comparison = {
  name: 'imports',
  title: 'Reads during an import',
  isCold: true, // the stack reads a workbook of this size for half a minute
  rounds: ({ rounds, isQuick }) => (isQuick ? 1 : rounds),
  figures: {
    p99: {
      title: `reads, ${perSecond} a second, while ${rows.toLocaleString('en')} rows of XLSX come in, p99`,
      unit: 'ms',
      better: 'less',
      aims: [{ beside: 'stack', ratio: 1 }],
    },
    worst: { title: 'the longest of them', unit: 'ms', better: 'less' },
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
  { folder }: Options,
  board: string,
  upload: (file: string, kind: 'baseline' | 'current') => Promise<unknown>,
  stop: () => Promise<void>,
): Promise<Side> {
  const scan = scansIn(folder, rows, 'xlsx')
  const csv = scansIn(folder, rows, 'csv')
  await upload(await csv(0), 'baseline')
  await upload(await csv(1), 'current') // CSV, because the stack reads workbooks slowly
  return {
    steps: {
      import: async round => {
        const file = await scan(2 + round)
        const reader = await openSteadyReader(board, perSecond)
        await upload(file, 'current')
        return reader.end()
      },
    },
    stop,
  }
}
