/** The config of a league: how the API documents it, and how officers change it. */
import { type TSchema, t } from 'elysia'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import type { ConfigPreview } from './config-preview.ts'
import { type Kinds, kindOf } from './kinds.ts'
import { type League, requireUnsettled } from './league.ts'

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

export const newLeagueExamples = (kinds: Kinds) =>
  Object.entries(kinds).map(([kind, { pages, configSchema }]) => ({
    name: `${pages.name} of spring`,
    kind,
    starts_at: '2027-03-01T00:00:00Z',
    ends_at: '2027-06-01T00:00:00Z',
    config: configSchema.examples?.[0] ?? {},
  }))

/** The config merged with `given`, where null removes a key; refused if the kind does not accept it. */
export function changedConfig(app: App, league: League, given: Record<string, unknown>): Record<string, unknown> {
  const merged = Object.entries({ ...league.config, ...given }).filter(([, value]) => value !== null)
  return kindOf(app, league).config(Object.fromEntries(merged), app, league)
}

export const requireOpen = (league: Pick<League, 'finalizedAt' | 'archivedAt'>): void =>
  requireUnsettled(league, 'A finalised league cannot change; an admin may reopen it first')

/** Which players this config would move, and how far. */
export async function previewConfig(
  app: App,
  league: League,
  config: Record<string, unknown>,
  limit = 10,
): Promise<ConfigPreview> {
  const { previewConfig } = kindOf(app, league)
  if (!previewConfig)
    return refuse('conflict', `Changing the config of a ${league.kind} league moves nobody on its board`)
  const preview = await previewConfig(app, league, config, limit)
  return preview ?? refuse('conflict', 'There is no board yet, so nobody would move')
}
