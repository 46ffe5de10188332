/** Groups of golfers; an entry picks one of each. Parses them from a league's config and makes them from a field. Pure. */
import { type Static, Type as t } from '@sinclair/typebox'
import type { FieldError } from '../../errors.ts'
import type { Golfer } from './feeds/board.ts'
import { maxPlayers } from './field-text.ts'
import { matchPlayers, nameKey } from './match-names.ts'
import { compareByMeasure, type Measure, type Ratings } from './ratings.ts'

/** The field divided into groups of equal size, favourites in the first; or lists of names or ids. */
export type GroupRules = { by: Measure; count: number } | { lists: readonly GroupList[] }
type GroupList = { name: string; players: readonly string[] }

export type PickGroup = { name: string; players: ReadonlySet<string> }
export type PickGroups = {
  groups: readonly PickGroup[]
  /** Names in lists that match nobody in the field. */
  unknown: readonly string[]
}

export const groupCount = (rules: GroupRules): number => ('lists' in rules ? rules.lists.length : rules.count)

/** Undefined while the field lacks the odds or ranks for the groups. */
export function pickGroupsOf(rules: GroupRules, golfers: readonly Golfer[], ratings: Ratings): PickGroups | undefined {
  if ('lists' in rules) return groupsFromLists(rules.lists, golfers)
  const { by, count } = rules
  if (golfers.length < count || ![...ratings.values()].some(rating => rating[by] !== null)) return undefined
  const sorted = golfers.toSorted(compareByMeasure(ratings, by))
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

const maxPickGroups = 26 // one per letter
export const defaultPicks = 6

export const groupsSchema = t.Object(
  {
    by: t.Optional(t.Union([t.Literal('odds'), t.Literal('rank')])),
    count: t.Optional(t.Integer({ minimum: 2, maximum: maxPickGroups })),
    lists: t.Optional(
      t.Array(
        t.Object({
          name: t.String({ minLength: 1, maxLength: 40 }),
          players: t.Array(t.String({ minLength: 1, maxLength: 100 }), { minItems: 1, maxItems: maxPlayers }),
        }),
        { minItems: 2, maxItems: maxPickGroups },
      ),
    ),
  },
  {
    description:
      'One pick from each group: `{ by: "odds" | "rank" }` divides the field into as many groups as picks, `{ lists: [{ name, players }] }` lists them; null: no groups',
  },
)

/** The number of groups by odds or rank is not stored: it is always the number of picks. */
export const groupsToStore = (rules: GroupRules) => ('lists' in rules ? rules : { by: rules.by })

/** Checks that there are as many groups as picks. */
export function checkedGroups({ groups, picks }: { groups?: Static<typeof groupsSchema> | null; picks?: number }): {
  groups: GroupRules | null
  errors: FieldError[]
} {
  if (!groups) return { groups: null, errors: [] }
  const { by, count, lists } = groups
  const wrong = (path: string, message: string) => ({ groups: null, errors: [{ path, message }] })
  if (by === undefined && lists === undefined)
    return wrong('config.groups.by', 'Make the groups by odds or rank, or name them in lists.')
  if (by !== undefined && lists !== undefined)
    return wrong('config.groups.lists', 'Groups are either made by odds or rank, or named.')
  const rules = lists ? { lists } : { by: by ?? 'odds', count: count ?? picks ?? defaultPicks }
  const many = groupCount(rules)
  if (many < 2 || many > maxPickGroups)
    return wrong('config.picks', `With groups there are 2 to ${maxPickGroups} picks, one from each group.`)
  if (picks !== undefined && picks !== many)
    return wrong('config.picks', `There are ${many} groups and one pick from each: set ${many} picks.`)
  const names = lists?.map(({ name }) => name.trim().toLowerCase()) ?? []
  if (new Set(names).size < names.length) return wrong('config.groups.lists', 'Each group needs a name of its own.')
  const players = lists?.flatMap(({ players }) => players.map(nameKey)) ?? []
  const twice = players.find((player, i) => players.indexOf(player) < i)
  if (twice !== undefined) return wrong('config.groups.lists', `${twice} is in two groups.`)
  return { groups: rules, errors: [] }
}

/** What may not change once there are entries. The players in a list can be corrected. */
export const groupsSignature = (groups: GroupRules | null) =>
  groups && ('lists' in groups ? `${groups.lists.length} lists` : `${groups.count} by ${groups.by}`)
