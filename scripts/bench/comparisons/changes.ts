/**
 * The first read of a board after it has changed, compared with the first read of another league's board that has not. Both come
 * after the same pause and the same work, so that a cold processor and a cold client cost both the same.
 */
import { answerMs, type BenchOptions, type ComparedSide, type Comparison, type Figure, median } from '../comparison.ts'
import { scansIn } from '../scan-files.ts'
import { openFieldhouse } from '../subjects/fieldhouse.ts'

const players = 100_000
const readsInARow = 3 // of each, because single reads scatter
const changes = {
  upload: 'an upload',
  mark: 'a mark on a player',
  config: 'another config',
  undo: 'an undo',
} as const
type Change = keyof typeof changes
const reads = { board: 'board', page: 'board as a page' } as const
type Read = keyof typeof reads

const figures: Record<string, Figure> = {
  'board again': { title: `cached board of ${players.toLocaleString('en')}, one reader`, unit: 'ms' },
  'page again': { title: 'the same as a page', unit: 'ms' },
}
const unchanged = (read: Read, change: Change) => `an unchanged ${reads[read]}, after ${changes[change]} elsewhere`
for (const change of Object.keys(changes) as Change[])
  for (const read of Object.keys(reads) as Read[])
    figures[`${read} ${change}`] = {
      title: `first ${reads[read]} after ${changes[change]}`,
      unit: 'ms',
      yardstick: unchanged(read, change),
      aims: [{ beside: unchanged(read, change), ratio: 0.8 }],
    }

export const firstReads: Comparison = {
  name: 'changes',
  title: 'First read after a change',
  longStretches: 'the garbage collector while both processors are taken',
  figures,
  sides: { Fieldhouse: fieldhouse },
}

async function fieldhouse({ folder }: BenchOptions): Promise<ComparedSide> {
  const server = await openFieldhouse(folder)
  const [league, other] = [await server.newLeague(), await server.newLeague()]
  const scan = scansIn(folder, players, 'csv')
  for (const each of [league, other]) await server.upload(each, await scan(0), 'baseline')
  const api = `/api/v1/leagues/${league}`
  const addressesOf = (league: number) => ({
    board: `${server.url}/api/v1/leagues/${league}/leaderboard`,
    page: `${server.url}/leagues/${league}`,
  })
  const [changed, still] = [addressesOf(league), addressesOf(other)]
  await server.upload(other, await scan(1), 'current')
  let last = (await server.upload(league, await scan(1), 'current')).id
  let [uploads, marks, configs] = [1, 0, 0]
  const changeBy: Record<Change, () => Promise<unknown>> = {
    async upload() {
      last = (await server.upload(league, await scan(++uploads), 'current')).id
    },
    mark: () => server.call.put(`${api}/players/${10_000_000 + 7 * ++marks}/mark`, { reason: 'other', counted: false }),
    config: () =>
      server.call.patch(api, { config: { weights: { kills_t4: 10, kills_t5: 30, deads: 80 + ++configs } } }),
    undo: () => server.call.post(`/api/v1/uploads/${last}/undo`),
  }
  async function firstRead(change: Change, address: string): Promise<number> {
    if (change === 'undo') await changeBy.upload()
    await changeBy[change]()
    return answerMs(address)
  }
  const step = (change: Change) => async () => {
    const figures: Record<string, number> = {}
    for (const read of Object.keys(reads) as Read[]) {
      const times = { changed: [] as number[], still: [] as number[], again: [] as number[] }
      for (let i = 0; i < readsInARow; i++) {
        times.changed.push(await firstRead(change, changed[read]))
        times.still.push(await firstRead(change, still[read]))
      }
      for (let i = 0; i < 9; i++) times.again.push(await answerMs(changed[read]))
      figures[`${read} ${change}`] = median(times.changed)
      figures[unchanged(read, change)] = median(times.still)
      figures[`${read} again`] = median(times.again)
    }
    return figures
  }
  const steps = Object.fromEntries(Object.keys(changes).map(change => [change, step(change as Change)]))
  return { steps, stretches: server.stretches, stop: server.stop }
}
