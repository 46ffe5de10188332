/** What the API page says of a league's config: the keys and an example of each kind. */
import { type TSchema, t } from 'elysia'
import type { Kinds } from './kinds.ts'

/**
 * As a body takes it. Only the documentation knows what each kind wants: the kind itself says what is wrong, so that a key that
 * nobody reads is refused with those there are.
 */
export const configBody = (kinds: Kinds) =>
  t.Record(t.String(), t.Unknown(), {
    maxProperties: 100,
    description:
      'Which keys there are depends on the kind. All know `public`: with false only members and officers see the league, and it is joined by whom an officer adds (`POST leagues/:id/join` with `user_id` or `username`)',
    anyOf: Object.entries(kinds).map(
      ([kind, { configSchema }]): TSchema => ({
        ...configSchema,
        title: `Config of a ${kind} league`,
        required: configSchema.required?.filter(key => configSchema.properties[key]?.default === undefined),
      }),
    ),
  })

/** A league of each kind, as it is sent. */
export const newLeagueExamples = (kinds: Kinds) =>
  Object.entries(kinds).map(([kind, { pages, configSchema }]) => ({
    name: `${pages.name} of spring`,
    kind,
    starts_at: '2027-03-01T00:00:00Z',
    ends_at: '2027-06-01T00:00:00Z',
    config: configSchema.examples?.[0] ?? {},
  }))
