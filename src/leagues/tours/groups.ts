/** Groups of golfers; an entry picks one from each. Pure. */
import type { Golfer } from './feeds/board.ts'
import { matchPlayers } from './match-names.ts'
import { comparing, type Measure, type Ratings } from './ratings.ts'

/** The field divided into groups of equal size, favourites in the first; or lists of names or ids. */
export type GroupRules = { by: Measure; count: number } | { lists: readonly GroupList[] }
type GroupList = { name: string; players: readonly string[] }

export type PickGroup = { name: string; players: ReadonlySet<string> }
export type PickGroups = {
  groups: readonly PickGroup[]
  /** Names in lists that match nobody in the field. */
  unknown: readonly string[]
}

export const countOf = (rules: GroupRules): number => ('lists' in rules ? rules.lists.length : rules.count)

/** Undefined while the field lacks the odds or ranks for the groups. */
export function pickGroupsOf(rules: GroupRules, golfers: readonly Golfer[], ratings: Ratings): PickGroups | undefined {
  if ('lists' in rules) return groupsFromLists(rules.lists, golfers)
  const { by, count } = rules
  if (golfers.length < count || ![...ratings.values()].some(rating => rating[by] !== null)) return undefined
  const sorted = golfers.toSorted(comparing(ratings, by))
  const groups = Array.from({ length: count }, (_, i) => {
    const [from, to] = [i, i + 1].map(part => Math.floor((part * sorted.length) / count))
    return { name: letter(i), players: new Set(sorted.slice(from, to).map(({ player_id }) => player_id)) }
  })
  return { groups, unknown: [] }
}

const letter = (i: number) => String.fromCharCode(65 + i)

function groupsFromLists(lists: readonly GroupList[], golfers: readonly Golfer[]): PickGroups {
  const names = [...new Set(lists.flatMap(({ players }) => players))]
  const found = matchPlayers(
    names.map(name => ({ player_id: name, name })),
    golfers,
  )
  return {
    groups: lists.map(({ name, players }) => ({
      name,
      players: new Set(players.flatMap(each => found.get(each) ?? [])),
    })),
    unknown: names.filter(name => !found.has(name)),
  }
}
