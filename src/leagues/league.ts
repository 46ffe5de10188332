/** What a league is, whatever its kind. */
import { t } from 'elysia'
import { type Kind, leagueKinds, type leagues } from '../../db/schema.ts'
import { iso, isoOrNull } from '../platform/clock.ts'
import { dateTimeSchema } from '../platform/http/text-formats.ts'
import { mask } from '../platform/settings.ts'

export type League = typeof leagues.$inferSelect

export const statuses = ['upcoming', 'active', 'ended', 'final', 'archived'] as const
export type Status = (typeof statuses)[number]

type Times = Pick<League, 'startsAt' | 'endsAt' | 'finalizedAt' | 'archivedAt'>
export function statusOf({ startsAt, endsAt, finalizedAt, archivedAt }: Times, now: number): Status {
  if (archivedAt !== null) return 'archived'
  if (finalizedAt !== null) return 'final'
  if (now < startsAt) return 'upcoming'
  return now < endsAt ? 'active' : 'ended'
}

export const kindSchema = t.Union(leagueKinds.map(kind => t.Literal(kind)))
export const statusSchema = t.Union(statuses.map(status => t.Literal(status)))

export const leagueSchema = t.Object(
  {
    id: t.Integer(),
    name: t.String(),
    kind: kindSchema,
    status: statusSchema,
    starts_at: dateTimeSchema,
    ends_at: dateTimeSchema,
    config: t.Record(t.String(), t.Unknown()),
    members: t.Integer(),
    created_at: dateTimeSchema,
    finalized_at: t.Nullable(dateTimeSchema),
    final_hash: t.Nullable(t.String()),
    archived_at: t.Nullable(dateTimeSchema),
  },
  { $id: 'League', description: 'A league' },
)

export type LeagueView = {
  id: number
  name: string
  kind: Kind
  status: Status
  starts_at: string
  ends_at: string
  config: Record<string, unknown>
  members: number
  created_at: string
  finalized_at: string | null
  final_hash: string | null
  archived_at: string | null
}

/** A webhook's address is its password. */
const withoutSecrets = (config: League['config']) =>
  typeof config.webhook_url === 'string' ? { ...config, webhook_url: mask(config.webhook_url) } : config

/** When the status of a league next changes by itself: a cached answer that shows it lives no longer. */
export function nextStatusChangeAt({ startsAt, endsAt }: Pick<League, 'startsAt' | 'endsAt'>, now: number): number {
  return now < startsAt ? startsAt : now < endsAt ? endsAt : Number.POSITIVE_INFINITY
}

export const leagueView = (league: League, memberCount: number, now: number): LeagueView => ({
  id: league.id,
  name: league.name,
  kind: league.kind,
  status: statusOf(league, now),
  starts_at: iso(league.startsAt),
  ends_at: iso(league.endsAt),
  config: withoutSecrets(league.config),
  members: memberCount,
  created_at: iso(league.createdAt),
  finalized_at: isoOrNull(league.finalizedAt),
  final_hash: league.finalHash,
  archived_at: isoOrNull(league.archivedAt),
})
