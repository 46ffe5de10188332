/** Reads an address at a fixed rate, in a separate process, so that the work of the bench does not delay it. */
import { startAnsweringChild } from '../../trials/answering-child.ts'

export async function openSteadyReader(url: string, perSecond: number) {
  const child = startAnsweringChild('The steady reader', [import.meta.path, url, String(perSecond)])
  await child.nextLine()
  return {
    /** How long answers took from when they should have been asked for, in ms. */
    end: async (): Promise<{ p99: number; worst: number }> => JSON.parse(await child.end()),
  }
}

async function readUntilToldToStop(url: string, perSecond: number) {
  await (await fetch(url)).arrayBuffer()
  console.log('reading')
  let isOver = false
  Bun.stdin.text().then(() => {
    isOver = true
  })
  const waits: number[] = []
  const open = new Set<Promise<void>>()
  const began = performance.now()
  for (let n = 0; !isOver; n++) {
    const due = began + (n * 1000) / perSecond
    if (due > performance.now()) await Bun.sleep(due - performance.now())
    const read = async () => {
      await (await fetch(url)).arrayBuffer()
      waits.push(performance.now() - due)
    }
    const request: Promise<void> = read().finally(() => open.delete(request))
    open.add(request)
  }
  await Promise.all(open)
  waits.sort((a, b) => a - b)
  console.log(JSON.stringify({ p99: waits[Math.floor(waits.length * 0.99)], worst: waits.at(-1) }))
}

if (import.meta.main) await readUntilToldToStop(process.argv[2] ?? '', Number(process.argv[3]))
