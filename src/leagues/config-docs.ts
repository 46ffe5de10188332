/** How the API page documents a league's config: the keys and an example of each kind. */
import { type TSchema, t } from 'elysia'
import type { Kinds } from './kinds.ts'

/**
 * The config in a request body. The schema only documents what each kind accepts: the kind itself validates it, so that an unknown
 * key is refused with the list of known ones.
 */
export const configBody = (kinds: Kinds) =>
  t.Record(t.String(), t.Unknown(), {
    maxProperties: 100,
    description:
      'The keys depend on the kind. Every kind has `public`: if false, only members and officers see the league, and only officers add members (`POST leagues/:id/join` with `user_id` or `username`)',
    anyOf: Object.entries(kinds).map(
      ([kind, { configSchema }]): TSchema => ({
        ...configSchema,
        title: `Config of a ${kind} league`,
        required: configSchema.required?.filter(key => configSchema.properties[key]?.default === undefined),
      }),
    ),
  })

/** An example of a new league of each kind. */
export const newLeagueExamples = (kinds: Kinds) =>
  Object.entries(kinds).map(([kind, { pages, configSchema }]) => ({
    name: `${pages.name} of spring`,
    kind,
    starts_at: '2027-03-01T00:00:00Z',
    ends_at: '2027-06-01T00:00:00Z',
    config: configSchema.examples?.[0] ?? {},
  }))
