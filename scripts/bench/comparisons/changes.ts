/** The first look at a board after something has changed, beside the same look once more. */
import type { Comparison, Figure, Options, Side } from '../comparison.ts'
import { median } from '../comparison.ts'
import { scansIn } from '../scan-files.ts'
import { openFieldhouse } from '../subjects/fieldhouse.ts'

const players = 100_000
const changes = {
  upload: 'an upload',
  mark: 'a mark on a player',
  config: 'another config',
  undo: 'an undo',
} as const
type Change = keyof typeof changes
const looks = { board: 'board', page: 'board as a page' } as const

const figures: Record<string, Figure> = {
  'board again': { title: `cached board of ${players.toLocaleString('en')}, one reader`, unit: 'ms', better: 'less' },
  'page again': { title: 'the same as a page', unit: 'ms', better: 'less' },
}
for (const [change, words] of Object.entries(changes))
  for (const [look, title] of Object.entries(looks))
    figures[`${look} ${change}`] = {
      title: `first ${title} after ${words}`,
      unit: 'ms',
      better: 'less',
      yardstick: `${look} again`,
      aims: [{ beside: `${look} again`, ratio: 0.8 }],
    }

export const firstLooks: Comparison = {
  name: 'changes',
  title: 'First look after a change',
  figures,
  sides: { Fieldhouse: fieldhouse },
}

async function fieldhouse({ folder }: Options): Promise<Side> {
  const server = await openFieldhouse(folder)
  const league = await server.newLeague()
  const scan = scansIn(folder, players, 'csv')
  await server.upload(league, await scan(0), 'baseline')
  const api = `/api/v1/leagues/${league}`
  const addresses = { board: `${server.url}${api}/leaderboard`, page: `${server.url}/leagues/${league}` }
  let last = (await server.upload(league, await scan(1), 'current')).id
  let uploads = 1
  const doing: Record<Change, (round: number) => Promise<unknown>> = {
    async upload() {
      last = (await server.upload(league, await scan(++uploads), 'current')).id
    },
    mark: round =>
      server.call.put(`${api}/players/${10_000_000 + 7 * round}/mark`, { reason: 'other', counted: false }),
    config: round => server.call.patch(api, { config: { weights: { kills_t4: 10, kills_t5: 30, deads: 80 + round } } }),
    undo: () => server.call.post(`/api/v1/uploads/${last}/undo`),
  }
  /** The JSON after one change, the page after the next: who comes first makes the board for both. */
  const step = (change: Change) => async (round: number) => {
    const figures: Record<string, number> = {}
    for (const look of ['board', 'page'] as const) {
      if (change === 'undo') await doing.upload(round)
      await doing[change](round * 2 + Number(look === 'page'))
      figures[`${look} ${change}`] = await timed(addresses[look])
      const again: number[] = []
      for (let i = 0; i < 9; i++) again.push(await timed(addresses[look]))
      figures[`${look} again`] = median(again)
    }
    return figures
  }
  const steps = Object.fromEntries(Object.keys(changes).map(change => [change, step(change as Change)]))
  return { steps, stretches: server.stretches, stop: server.stop }
}

async function timed(url: string): Promise<number> {
  const began = performance.now()
  const answer = await fetch(url)
  await answer.arrayBuffer()
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`)
  return performance.now() - began
}
