/** What boards are built from beside their scores, computed in the worker thread. All that is large is shared memory. */
import type { Database } from 'bun:sqlite'
import { type Order, type Ranking, rankingOf, standingOf } from '../leaderboard/ranking.ts'
import { mark, needle } from '../leaderboard/search.ts'
import type { TextColumn } from '../leaderboard/text.ts'
import { type Classification, classify, type TierMembers } from '../leaderboard/tiers.ts'
import type { Working } from './latecomers.ts'
import { ownMemory, readColumns, readIds, readNames } from './snapshots/read.ts'
import { snapshotOf } from './snapshots/snapshot.ts'

export function sharedRanking(ranking: Ranking): Ranking {
  const order = new Uint32Array(new SharedArrayBuffer(ranking.order.byteLength))
  order.set(ranking.order)
  return { ...ranking, order }
}

export function column(scores: Database, input: { snapshot: number; metric: string; order: Order }): Ranking {
  const [values] = readColumns(scores, snapshotOf(scores, input.snapshot), [input.metric])
  return sharedRanking(rankingOf(values!, input.order))
}

/** The same values the other way round. */
export const turned = ({ values }: Ranking, order: Order): Ranking => sharedRanking(rankingOf(values, order))

export type Texts = { ids: TextColumn; names: TextColumn }

export function texts(scores: Database, id: number): Texts {
  const snapshot = snapshotOf(scores, id)
  return { ids: readIds(scores, snapshot), names: readNames(scores, snapshot) }
}

export function search({ texts: { ids, names }, q }: { texts: Texts; q: string }): Uint8Array {
  const hits = new Uint8Array(new SharedArrayBuffer(ids.offsets.length - 1))
  mark(needle(q), ids, hits)
  mark(needle(q), names, hits)
  return hits
}

export function tiers({
  ranking,
  classification,
}: {
  ranking: Ranking
  classification: Classification
}): TierMembers[] {
  return classify(ranking, classification)
}

export type Standings = Record<string, { rank: number; percentile: number } | null>

/** Where one row stands in every metric. */
export async function standings(
  scores: Database,
  input: { snapshot: number; row: number },
  { pause }: Working,
): Promise<Standings> {
  const snapshot = snapshotOf(scores, input.snapshot)
  const found: [string, Standings[string]][] = []
  for (const metrics of inBatches(snapshot.metrics, snapshot.players)) {
    const names = metrics.map(({ name }) => name)
    const columns = readColumns(scores, snapshot, names, ownMemory)
    names.forEach((name, i) => {
      found.push([name, standingOf(columns[i]!, input.row, 'higher')])
    })
    await pause()
  }
  return Object.fromEntries(found)
}

const MOST = 4_000_000 // values read at once: 32 MB

function inBatches<T>(things: readonly T[], players: number): T[][] {
  const size = Math.max(1, Math.floor(MOST / Math.max(1, players)))
  return Array.from({ length: Math.ceil(things.length / size) }, (_, i) => things.slice(i * size, (i + 1) * size))
}
