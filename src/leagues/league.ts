/** What a league is, whatever its kind. */
import { type Static, t } from 'elysia'
import { leagueKinds, type leagues } from '../../db/schema.ts'
import { invalid, refuse } from '../errors.ts'
import { iso } from '../platform/clock.ts'
import { rowView } from '../platform/http/row-view.ts'
import { dateTimeSchema, idSchema, nullableDateTime, oneLine, oneOfWords } from '../platform/http/shared-schemas.ts'
import { mask } from '../platform/settings.ts'
import type { FormField } from '../ui/parts/form.ts'

export type League = typeof leagues.$inferSelect

export const leagueStatuses = ['upcoming', 'active', 'ended', 'final', 'archived'] as const
export type LeagueStatus = (typeof leagueStatuses)[number]

type StatusTimes = Pick<League, 'startsAt' | 'endsAt' | 'finalizedAt' | 'archivedAt'>
export function leagueStatus({ startsAt, endsAt, finalizedAt, archivedAt }: StatusTimes, now: number): LeagueStatus {
  if (archivedAt !== null) return 'archived'
  if (finalizedAt !== null) return 'final'
  if (now < startsAt) return 'upcoming'
  return now < endsAt ? 'active' : 'ended'
}

/** Whether its board and what it is made from stay as they are. */
export const isSettled = ({ status }: Pick<LeagueView, 'status'>) => status === 'final' || status === 'archived'

/** `whenFinal`: what is said if it is final. */
export function requireUnsettled(league: Pick<League, 'finalizedAt' | 'archivedAt'>, whenFinal: string): void {
  if (league.finalizedAt !== null) refuse('conflict', whenFinal)
  requireUnarchived(league)
}

export function requireUnarchived({ archivedAt }: Pick<League, 'archivedAt'>): void {
  if (archivedAt !== null) refuse('conflict', 'This league is archived; unarchive it first')
}

export const kindSchema = oneOfWords(leagueKinds)
export const statusSchema = oneOfWords(leagueStatuses)

/**
 * The fields of a league that officers write, besides the `config` of its kind. The bodies of POST and PATCH, the answer and the form
 * are made from this. A new field is a column in db/schema.ts with its migration and a line in `fields`, `leagueInputs` and
 * `fieldsOf`; an optional field's schema is `t.Optional(t.Nullable(…))`.
 */
const fields = { name: oneLine(120), starts_at: dateTimeSchema, ends_at: dateTimeSchema }

export const leagueInputs: Record<keyof typeof fields, Omit<FormField, 'name' | 'value'>> = {
  name: { label: 'Name', maxlength: 120 },
  starts_at: { label: 'Starts', type: 'time' },
  ends_at: { label: 'Ends', type: 'time' },
}

/** Fields that can still be changed once the league is final or archived. */
export const openWhenSettled: readonly string[] = ['name'] satisfies (keyof typeof fields)[]

export const leagueFields = t.Object(fields)
export type LeagueFields = Static<typeof leagueFields>

export const fieldsOf = ({ name, startsAt, endsAt }: League): Required<LeagueFields> => ({
  name,
  starts_at: iso(startsAt),
  ends_at: iso(endsAt),
})

/** The columns that hold the fields. A field whose column has the same name needs no line here. */
export function leagueColumns({ name, starts_at, ends_at, ...others }: LeagueFields) {
  const times = { startsAt: Date.parse(starts_at), endsAt: Date.parse(ends_at) }
  if (times.endsAt <= times.startsAt) invalid('ends_at', 'The end must be after the start.')
  return { ...others, ...times, name: name.trim() }
}

export const leagueSchema = t.Object(
  {
    id: idSchema,
    ...t.Required(leagueFields).properties,
    kind: kindSchema,
    status: statusSchema,
    config: t.Record(t.String(), t.Unknown(), {
      description: 'As it was set; the keys depend on the kind',
    }),
    members: t.Integer({ description: 'People who have joined' }),
    players: t.Optional(
      t.Integer({
        description:
          'Only in lists. How many are on its board: those of the newest scan, with players who are left out, or all members',
      }),
    ),
    created_at: dateTimeSchema,
    finalized_at: nullableDateTime,
    final_hash: t.Nullable(t.String()),
    archived_at: nullableDateTime,
  },
  { $id: 'League', description: 'A league' },
)
export type LeagueView = Static<typeof leagueSchema>

/** The address of a webhook is a secret. */
export const leagueWithoutSecrets = (config: League['config']) =>
  typeof config.webhook_url === 'string' ? { ...config, webhook_url: mask(config.webhook_url) } : config

/** When the status of a league next changes by itself: a cached answer that shows it must not live longer. */
export function nextStatusChangeAt({ startsAt, endsAt }: Pick<League, 'startsAt' | 'endsAt'>, now: number): number {
  return now < startsAt ? startsAt : now < endsAt ? endsAt : Number.POSITIVE_INFINITY
}

const view = rowView(leagueSchema)
export const leagueView = (league: League, members: number, now: number): LeagueView =>
  view({ ...league, status: leagueStatus(league, now), config: leagueWithoutSecrets(league.config), members })
