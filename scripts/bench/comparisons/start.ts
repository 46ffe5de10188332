/** Time from the command to the first good answer, and memory of all processes at rest. */
import { type Comparison, type Figure, Missing } from '../comparison.ts'
import { openFieldhouse } from '../subjects/fieldhouse.ts'
import { openStack } from '../subjects/stack.ts'

const figures: Record<string, Figure> = {
  ready: {
    title: 'start to ready, with an empty folder',
    unit: 'ms',
    better: 'less',
    aims: [{ beside: 'stack', ratio: 1 }],
  },
  idle: { title: 'memory at rest, all processes', unit: 'MB', better: 'less', aims: [{ beside: 'stack', ratio: 1 }] },
}
const rest = 1_500 // ms
type Started = { readyMs: number; memoryMb(): number; stop(): Promise<void> }

async function figuresOf(started: Started) {
  try {
    await Bun.sleep(rest)
    return { ready: started.readyMs, idle: started.memoryMb() }
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
      steps: { start: async () => figuresOf(await openFieldhouse(folder)) },
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
            return stack instanceof Missing ? {} : figuresOf(stack)
          },
        },
        stop: nothing,
      }
    },
  },
}
