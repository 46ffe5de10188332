import type { BoardPositions, RankMoves } from '../../leaderboard/moves.ts'
import { GOAL_COLUMN, metricOfGain, metricOfGoal } from '../../leaderboard/page.ts'
import type { Ranking, RankOrder } from '../../leaderboard/ranking.ts'
import type { Classification, TierMembers } from '../../leaderboard/tiers.ts'
import type { GroupSums } from '../../leaderboard/totals.ts'
import { ThreadDied } from '../../platform/process/threads.ts'
import type { Trends } from '../kinds.ts'
import type { PlayerTexts, Standings } from './board-parts.ts'
import { byteBudget } from './byte-budget.ts'
import type { LeftOut } from './marks.ts'
import { isNobodyMissing, type MissingPlayers } from './missing-players.ts'
import type { TrendsInput } from './player-history.ts'
import { type ScoredBoard, type ScoredPlayers, type ScoreInput, scoreKey } from './scoring.ts'
import type { SheetThread } from './sheet-thread.ts'
import { byTakenAt, type SnapshotSelection, startsKey } from './snapshot-selection.ts'
import type { TaskAnswer, TaskInput, TaskName } from './thread-tasks.ts'

type Sized = { byteLength: number }
const bytesIn = (...arrays: (Sized | undefined)[]): number =>
  arrays.reduce((sum, array) => sum + (array?.byteLength ?? 0), 0)

/** The parts of sheet boards, computed in the thread when first asked for, within one byte budget. */
export function openBoardCache(thread: SheetThread, bytes: number) {
  const budget = byteBudget(bytes)
  const scoredBoards = budget.newCache<ScoredPlayers>(({ ranking, starts, goalPct }) =>
    bytesIn(ranking.values, ranking.order, starts.rows, goalPct),
  )
  const columns = budget.newCache<Ranking>(({ values, order }) => bytesIn(values, order))
  const reordered = budget.newCache<Ranking>(({ order }) => bytesIn(order))
  const texts = budget.newCache<PlayerTexts>(({ ids, names }) =>
    bytesIn(ids.bytes, ids.offsets, names.bytes, names.offsets),
  )
  const leftOuts = budget.newCache<Uint8Array>(bytesIn)
  const totals = budget.newCache<GroupSums | undefined>(sums => bytesIn(sums?.sums, sums?.known, sums?.players))
  const missing = budget.newCache<MissingPlayers>(({ ids, names, scans }) =>
    bytesIn(ids.bytes, ids.offsets, names.bytes, names.offsets, { byteLength: scans.length * 8 }),
  )
  const tiers = budget.newCache<TierMembers[]>(all => bytesIn(...all.map(({ rows }) => rows)))
  const trends = budget.newCache<Trends>(rows => JSON.stringify(rows).length)

  const scoredKeys = new Map<number, string>() // by scan, the key of the board that was scored when it was imported

  /** These tasks only read, so a task whose thread died is run once more, by the next thread. */
  const ask = <Name extends TaskName>(task: Name, input: TaskInput<Name>): Promise<TaskAnswer<Name>> =>
    thread.run(task, input).catch(error => {
      if (error instanceof ThreadDied) return thread.run(task, input)
      throw error
    })

  const scored = (input: ScoreInput): Promise<ScoredPlayers> =>
    scoredBoards.get(scoreKey(input), () => ask('score', input))

  async function rankAll(input: ScoreInput, column: string, order: RankOrder): Promise<Ranking> {
    const gainMetric = metricOfGain(column)
    if (gainMetric !== undefined) {
      const key = JSON.stringify([input.selection.current, startsKey(input.selection), column, order])
      return columns.get(key, () => ask('gains', { selection: input.selection, metric: gainMetric, order }))
    }
    const goalMetric = metricOfGoal(column)
    if (goalMetric !== undefined)
      return columns.get(`${column}:${order}:${scoreKey(input)}`, () =>
        ask('goal', { input, column: goalMetric, order }),
      )
    if (column !== 'score' && column !== GOAL_COLUMN) {
      const wanted = { snapshot: input.selection.current, metric: column, order }
      return columns.get(JSON.stringify(wanted), () => ask('column', wanted))
    }
    const { ranking, goalPct } = await scored(input)
    if (column === GOAL_COLUMN && goalPct)
      return reordered.get(`${GOAL_COLUMN}:${order}:${scoreKey(input)}`, () =>
        ask('reversed', { ranking: { ...ranking, values: goalPct }, order }),
      )
    if (ranking.direction === order) return ranking
    return reordered.get(`${order}:${scoreKey(input)}`, () => ask('reversed', { ranking, order }))
  }

  /** 1 for each player of a snapshot who is left out. */
  const leftOutRows = (snapshot: number, { ids, key }: LeftOut): Promise<Uint8Array> =>
    leftOuts.get(`${snapshot} ${key}`, () => ask('leftOutRows', { snapshot, ids }))

  return {
    bytes: budget.bytes,
    scored,
    /**
     * Stores a board that was scored while its newest sheet was imported. Movements need the one before it; older ones are dropped:
     * a million players take 16 MB, and few readers look back that far.
     */
    store({ input, scored }: ScoredBoard): void {
      const key = scoreKey(input)
      const { baseline, between, scan: newest } = input.selection
      for (const scan of [baseline, ...between].slice(0, -1)) {
        const older = scoredKeys.get(scan)
        if (older) scoredBoards.drop(older)
        scoredKeys.delete(scan)
      }
      scoredKeys.set(newest, key)
      scoredBoards.get(key, async () => scored)
    },
    leftOutRows,
    async ranking(input: ScoreInput, column: string, order: RankOrder, leftOut?: LeftOut): Promise<Ranking> {
      const ranking = await rankAll(input, column, order)
      if (!leftOut) return ranking
      const leftOutFlags = await leftOutRows(input.selection.current, leftOut)
      return reordered.get(JSON.stringify([leftOut.key, column, order, scoreKey(input)]), () =>
        ask('rankingWithout', { ranking, leftOut: leftOutFlags }),
      )
    },
    /** Totals by the values of a label, or of everyone. */
    totals(input: ScoreInput, label: string | undefined, leftOut: LeftOut | undefined): Promise<GroupSums | undefined> {
      return totals.get(JSON.stringify([scoreKey(input), label, leftOut?.key]), async () => {
        const { ranking, starts } = await scored(input)
        const snapshot = input.selection.current
        const leftOutFlags = leftOut && (await leftOutRows(snapshot, leftOut))
        return ask('totals', { snapshot, starts, score: ranking.values, label, leftOut: leftOutFlags })
      })
    },
    async matching(snapshot: number, q: string): Promise<Uint8Array> {
      return ask('search', { q, texts: await texts.get(String(snapshot), () => ask('texts', snapshot)) })
    },
    /** Players of earlier scans who are not in the newest, and those whose name or id contains `q`. */
    async missing(newest: number, earlier: readonly number[], q: string) {
      const all = await missing.get(JSON.stringify([newest, earlier]), () => ask('missing', { newest, earlier }))
      return { all, hits: isNobodyMissing(all) ? new Uint8Array() : await ask('search', { q, texts: all }) }
    },
    labelled: (snapshot: number, name: string, text: string): Promise<Uint8Array> =>
      ask('labelled', { snapshot, name, text }),
    tiers(input: ScoreInput, ranking: Ranking, classification: Classification, leftOut?: LeftOut) {
      const by = { ...classification, goalPct: undefined }
      const key = JSON.stringify([scoreKey(input), by, leftOut?.key])
      return tiers.get(key, () => ask('tiers', { ranking, classification }))
    },
    moves: (before: BoardPositions, after: BoardPositions, limit: number): Promise<RankMoves> =>
      ask('moves', { before, after, limit }),
    page: (input: TaskInput<'page'>) => ask('page', input),
    trends({ published, config, players }: TrendsInput): Promise<Trends> {
      const input = { published: byTakenAt(published), config, players }
      return trends.get(JSON.stringify(input), () => ask('trends', input))
    },
    withExtras: (selection: SnapshotSelection): Promise<SnapshotSelection> => ask('extras', selection),
    standings: shareNextRun(async (snapshot, rows, leftOut): Promise<Standings[]> => {
      const leftOutFlags = leftOut && (await leftOutRows(snapshot, leftOut))
      return ask('standings', { snapshot, rows, leftOut: leftOutFlags })
    }),
  }
}

const maxPerBatch = 32 // players, so that the steps between two pauses stay short

/** Requests that arrive while one run is under way share the next one. */
function shareNextRun<Answer>(
  run: (snapshot: number, rows: number[], leftOut: LeftOut | undefined) => Promise<Answer[]>,
) {
  const waiting = new Map<string, { rows: number[]; answers: Promise<Answer[]> }>()
  let last: Promise<unknown> = Promise.resolve()

  function begin(key: string, snapshot: number, leftOut: LeftOut | undefined) {
    const rows: number[] = []
    const answers = last.then(() => {
      if (waiting.get(key)?.rows === rows) waiting.delete(key)
      return run(snapshot, rows, leftOut)
    })
    last = answers.catch(() => {})
    const next = { rows, answers }
    waiting.set(key, next)
    return next
  }

  return async (snapshot: number, row: number, leftOut?: LeftOut): Promise<Answer> => {
    const key = `${snapshot} ${leftOut?.key}`
    const waitingBatch = waiting.get(key)
    const { rows, answers } =
      waitingBatch && waitingBatch.rows.length < maxPerBatch ? waitingBatch : begin(key, snapshot, leftOut)
    const place = rows.push(row) - 1
    return (await answers)[place]!
  }
}

export type BoardCache = ReturnType<typeof openBoardCache>
