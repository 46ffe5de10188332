/** Time from the command to the first good answer, memory of all processes at rest, and the first sheet ever. */
import { type Comparison, type Figure, Missing } from '../comparison.ts'
import { scansIn } from '../scan-files.ts'
import { openFieldhouse } from '../subjects/fieldhouse.ts'
import { openStack } from '../subjects/stack.ts'
import { uploadForm } from '../upload-form.ts'

const figures: Record<string, Figure> = {
  ready: {
    title: 'start to ready, with an empty folder',
    unit: 'ms',
    aims: [{ beside: 'stack', ratio: 1 }],
  },
  idle: { title: 'memory at rest, all processes', unit: 'MB', aims: [{ beside: 'stack', ratio: 1 }] },
  first: { title: 'the first CSV after a start, 1,000 rows, POST to done', unit: 'ms' },
}
const rest = 1_500 // ms
type Started = { readyMs: number; memoryMb(): number; stop(): Promise<void> }

async function figuresOf(started: Started, folder: string, upload: (form: Blob) => Promise<unknown>) {
  try {
    await Bun.sleep(rest)
    const idle = started.memoryMb()
    const form = await uploadForm(await scansIn(folder, 1_000, 'csv')(0))
    const began = performance.now()
    await upload(form)
    return { ready: started.readyMs, idle, first: performance.now() - began }
  } finally {
    await started.stop()
  }
}
const nothing = () => Promise.resolve()

export const startComparison: Comparison = {
  name: 'start',
  title: 'Start and rest',
  figures,
  sides: {
    Fieldhouse: async ({ folder }) => ({
      steps: {
        async start() {
          const server = await openFieldhouse(folder)
          const league = await server.newLeague()
          return figuresOf(server, folder, form => server.upload(league, form, 'baseline'))
        },
      },
      stop: nothing,
    }),
    stack: async ({ folder }) => {
      const first = await openStack(folder)
      if (first instanceof Missing) return first
      await first.stop()
      return {
        steps: {
          async start() {
            const stack = await openStack(folder)
            return stack instanceof Missing ? {} : figuresOf(stack, folder, form => stack.upload(form, 'baseline'))
          },
        },
        stop: nothing,
      }
    },
  },
}
