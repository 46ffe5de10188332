/** Why the score of a board is incomplete, in sentences for readers. */
import type { Ranking } from '../../leaderboard/ranking.ts'
import { scoringOf } from '../../leaderboard/score.ts'
import { headingsOf, metricName } from '../headings.ts'
import { goalRulesOf } from './goals.ts'
import type { BoardConfig } from './scoring.ts'
import type { Snapshot } from './snapshots/snapshot.ts'

export function scoreNotes(now: Snapshot, start: Snapshot, config: BoardConfig, score: Ranking): string[] {
  const names = (metrics: readonly string[]) => {
    const headings = headingsOf(now, start)
    return metrics.map(metric => metricName(metric, headings)).join(', ')
  }
  const has = now.metrics.map(({ name }) => name)
  const { on, weights, absent } = scoringOf(has, config)
  const unstarted = weights
    .map(({ metric }) => metric)
    .filter(metric => on === 'gains' && !start.metrics.some(({ name }) => name === metric))
    .filter(metric => !now.metrics.some(({ name, extra }) => extra && name === metric))
  const notes: string[] = []
  if (absent.length > 0)
    notes.push(
      `The weights name ${names(absent)}, which the newest sheet does not have, so they add nothing. The sheet has ${names(has)}.`,
    )
  if (unstarted.length > 0)
    notes.push(
      `The baseline does not have ${names(unstarted)}: gains in it are only known for players who joined later.`,
    )
  const goals = goalRulesOf(config)
  const missing = goals?.columns.filter(metric => metric !== 'score' && !has.includes(metric)) ?? []
  if (missing.length > 0)
    notes.push(
      `The goals name ${names(missing)}, which the newest sheet does not have, so nobody's goal can be computed. The sheet has ${names(has)}.`,
    )
  if (goals?.byPower && !start.metrics.some(({ name }) => name === 'power'))
    notes.push('The goals depend on baseline power, which the baseline does not have, so nobody has a goal.')
  const { known, order, values } = score
  const isSameForAll = known > 1 && values[order[0]!] === values[order[known - 1]!]
  if (isSameForAll && Object.keys(config.weights ?? {}).length === 0)
    notes.push(
      `Everyone has the same score: without weights it is ${on === 'gains' ? 'the gain in ' : ''}${names(weights.map(({ metric }) => metric))}. Officers set weights in the settings.`,
    )
  if (known === 0 && now.players > 0) notes.unshift('Nobody has a score, so nobody is ranked.')
  return notes
}
