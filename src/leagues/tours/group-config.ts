/** Groups in the config of a tour league: one pick from each. */
import { type Static, Type as t } from '@sinclair/typebox'
import type { FieldError } from '../../errors.ts'
import { maxPlayers } from './field-text.ts'
import { countOf, type GroupRules } from './groups.ts'
import { nameKey } from './match-names.ts'

const maxGroups = 26 // one per letter
export const defaultPicks = 6

export const groupsSchema = t.Object(
  {
    by: t.Optional(t.Union([t.Literal('odds'), t.Literal('rank')])),
    count: t.Optional(t.Integer({ minimum: 2, maximum: maxGroups })),
    lists: t.Optional(
      t.Array(
        t.Object({
          name: t.String({ minLength: 1, maxLength: 40 }),
          players: t.Array(t.String({ minLength: 1, maxLength: 100 }), { minItems: 1, maxItems: maxPlayers }),
        }),
        { minItems: 2, maxItems: maxGroups },
      ),
    ),
  },
  {
    description:
      'One pick of each group: `{ by: "odds" | "rank" }` parts the field in as many as there are picks, `{ lists: [{ name, players }] }` names them; null: no groups',
  },
)

/** Groups by odds or rank always number as many as the picks. */
export const storedGroups = (rules: GroupRules) => ('lists' in rules ? rules : { by: rules.by })

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
  const many = countOf(rules)
  if (many < 2 || many > maxGroups)
    return wrong('config.picks', `With groups there are 2 to ${maxGroups} picks, one from each group.`)
  if (picks !== undefined && picks !== many)
    return wrong('config.picks', `There are ${many} groups and one pick from each: set ${many} picks.`)
  const names = lists?.map(({ name }) => name.trim().toLowerCase()) ?? []
  if (new Set(names).size < names.length) return wrong('config.groups.lists', 'Each group needs a name of its own.')
  const players = lists?.flatMap(({ players }) => players.map(nameKey)) ?? []
  const twice = players.find((player, i) => players.indexOf(player) < i)
  if (twice !== undefined) return wrong('config.groups.lists', `${twice} is in two groups.`)
  return { groups: rules, errors: [] }
}

/** The players in a list can be corrected. */
export const kindOfGroups = (groups: GroupRules | null) =>
  groups && ('lists' in groups ? `${groups.lists.length} lists` : `${groups.count} by ${groups.by}`)
