/** Groups in the config of a tour league: one pick of each. */
import { type Static, Type as t } from '@sinclair/typebox'
import type { FieldError } from '../../errors.ts'
import { mostPlayers } from './field-text.ts'
import { countOf, type GroupRules } from './groups.ts'
import { nameKey } from './match-names.ts'

const maxGroups = 26 // letters to name them by
export const usualPicks = 6

export const groupsSchema = t.Object(
  {
    by: t.Optional(t.Union([t.Literal('odds'), t.Literal('rank')])),
    count: t.Optional(t.Integer({ minimum: 2, maximum: maxGroups })),
    lists: t.Optional(
      t.Array(
        t.Object({
          name: t.String({ minLength: 1, maxLength: 40 }),
          players: t.Array(t.String({ minLength: 1, maxLength: 100 }), { minItems: 1, maxItems: mostPlayers }),
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

/** Groups by odds or rank are as many as the picks, also when those are changed. */
export const storedGroups = (rules: GroupRules) => ('lists' in rules ? rules : { by: rules.by })

/** As many groups as there are picks: one of each. */
export function checkedGroups({ groups, picks }: { groups?: Static<typeof groupsSchema> | null; picks?: number }): {
  groups: GroupRules | null
  errors: FieldError[]
} {
  if (!groups) return { groups: null, errors: [] }
  const { by, count, lists } = groups
  const wrong = (path: string, message: string) => ({ groups: null, errors: [{ path, message }] })
  if (by === undefined && lists === undefined)
    return wrong('config.groups.by', 'Say by what the groups are made, odds or rank, or name them in lists.')
  if (by !== undefined && lists !== undefined)
    return wrong('config.groups.lists', 'Groups are made by odds or rank, or named, not both.')
  const rules = lists ? { lists } : { by: by ?? 'odds', count: count ?? picks ?? usualPicks }
  const many = countOf(rules)
  if (many < 2 || many > maxGroups)
    return wrong('config.picks', `With groups, picks are from 2 to ${maxGroups}, one of each group.`)
  if (picks !== undefined && picks !== many)
    return wrong('config.picks', `There are ${many} groups, and one is picked of each: set ${many} picks.`)
  const names = lists?.map(({ name }) => name.trim().toLowerCase()) ?? []
  if (new Set(names).size < names.length) return wrong('config.groups.lists', 'Each group needs a name of its own.')
  const players = lists?.flatMap(({ players }) => players.map(nameKey)) ?? []
  const twice = players.find((player, i) => players.indexOf(player) < i)
  if (twice !== undefined) return wrong('config.groups.lists', `${twice} is in two groups.`)
  return { groups: rules, errors: [] }
}

/** Who is in a list may be corrected. */
export const kindOfGroups = (groups: GroupRules | null) =>
  groups && ('lists' in groups ? `${groups.lists.length} lists` : `${groups.count} by ${groups.by}`)
