/** The config of a tour league: validated once, at the edge. */

import { type Static, Type as t } from '@sinclair/typebox' // strict: Elysia's own take numbers as text too
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { refuseAny } from '../../platform/http/field-errors.ts'
import { dateTimeSchema } from '../../platform/http/shared-schemas.ts'
import { announcementConfig, checkWebhook } from '../announcements.ts'
import { configErrors } from '../config-errors.ts'
import type { League } from '../league.ts'
import { countEntries } from './entry-queries.ts'
import {
  checkedGroups,
  defaultPicks,
  type GroupRules,
  groupCount,
  groupsSchema,
  groupsSignature,
  groupsToStore,
} from './groups.ts'
import { maxPicks, type PickWindow } from './pick-rules.ts'
import { findTour } from './queries.ts'
import type { ScoringRules } from './scoring.ts'

export const maxEntries = 1_000 // of one member

const count = (most: number, description: string) => t.Integer({ minimum: 1, maximum: most, description })

export const tourConfig = t.Object(
  {
    tour: t.String({ minLength: 1, maxLength: 40, description: 'The slug of a tour' }),
    event: t.Optional(
      t.Union([t.Null(), t.String({ maxLength: 200 })], {
        description: 'Its id or name on the feed; null or absent: the current event',
      }),
    ),
    picks: t.Optional(count(maxPicks, 'Golfers in an entry: 6 by default')),
    best: t.Optional(count(maxPicks, 'How many of them count: 4 by default')),
    deadline: t.Optional(
      t.Union([t.Null(), dateTimeSchema], {
        description: 'The deadline for picks; null or absent: the first tee time',
      }),
    ),
    groups: t.Optional(groupsSchema),
    missed_cut: t.Optional(
      t.Object(
        {
          rule: t.Union([t.Literal('actual'), t.Literal('worst'), t.Literal('plus')]),
          strokes: t.Optional(t.Integer({ minimum: 0, maximum: 100, description: 'With `worst` and `plus`' })),
        },
        {
          description:
            'The score of a golfer who missed the cut: their own total (the default), the highest total of those still in plus `strokes`, or their own plus `strokes`',
          examples: [{ rule: 'plus', strokes: 5 }],
        },
      ),
    ),
    tiebreak: t.Optional(
      t.Union([t.Literal('guess'), t.Literal('best_pick')], {
        description: 'The tie-break: the nearest guess at the winning score (the default), or the best pick',
      }),
    ),
    ...announcementConfig,
    max_entries: t.Optional(count(maxEntries, 'Of one member: 10 by default')),
    auto_finalize: t.Optional(
      t.Boolean({ description: 'Freeze the board once the feed is official: true by default' }),
    ),
    public: t.Optional(t.Boolean({ description: 'false: only members and officers see it' })),
    sort: t.Optional(t.String({ minLength: 1, maxLength: 60, description: 'As in `sort_by` of the board' })),
  },
  { examples: [{ tour: 'pga', picks: 6, best: 4, missed_cut: { rule: 'plus', strokes: 5 }, tiebreak: 'guess' }] },
)

const configDefaults = {
  tiebreak: 'guess',
  max_entries: 10,
  auto_finalize: true,
  missed_cut: { rule: 'actual' },
} as const

/** The rules of a tour league; without `best` all picks but two count, if there are enough. */
export type TourRules = ScoringRules &
  Pick<PickWindow, 'deadline' | 'event'> & {
    tour: string
    picks: number
    groups: GroupRules | null
    max_entries: number
    auto_finalize: boolean
  }

export function checkedTourConfig(
  given: Record<string, unknown>,
  { db, config: settings }: Pick<App, 'db' | 'config'>,
  league?: League,
): Record<string, unknown> {
  const { groups: givenGroups, ...others } = given
  const errors = configErrors(tourConfig, givenGroups === null ? others : given)
  refuseAny(errors)
  const typed = given as Static<typeof tourConfig>
  const { groups, errors: wrongGroups } = checkedGroups(typed)
  errors.push(...wrongGroups)
  const config = { ...configDefaults, ...typed, picks: typed.picks ?? (groups ? groupCount(groups) : defaultPicks) }
  const best = config.best ?? Math.max(1, Math.min(config.picks, 4))
  if (!findTour(db, config.tour))
    errors.push({
      path: 'config.tour',
      message: `There is no tour ${config.tour}. Write the short name of one, as in its address.`,
    })
  if (best > config.picks)
    errors.push({ path: 'config.best', message: `At most ${config.picks}, the number of picks.` })
  refuseAny(errors)
  checkWebhook(given, { config: settings }, league)
  if (league && countEntries(db, league.id) > 0) refuseChangesWithEntries(tourRulesOf(league), { ...config, groups })
  return {
    ...config,
    ...(groups && { groups: groupsToStore(groups) }),
    best,
    event: config.event?.trim() || null,
    deadline: config.deadline ?? null,
  }
}

/** Refuses to change settings that existing entries depend on. */
function refuseChangesWithEntries(
  rules: TourRules,
  { tour, event, picks, groups }: Pick<TourRules, 'tour' | 'picks' | 'groups'> & { event?: string | null },
): void {
  const changes = {
    tour: tour !== rules.tour,
    picks: picks !== rules.picks,
    event: rules.event !== null && event !== rules.event,
    groups: groupsSignature(groups) !== groupsSignature(rules.groups),
  }
  const [changed] = Object.entries(changes).find(([, isChanged]) => isChanged) ?? []
  if (changed) refuse('conflict', `Entries have been made, so config.${changed} cannot change`)
}

type Configured = Pick<League, 'config'>

export function tourRulesOf({ config }: Configured): TourRules {
  const { tour, event, picks, groups, best, deadline, missed_cut, tiebreak, max_entries, auto_finalize } =
    config as Required<Static<typeof tourConfig>>
  return {
    tour,
    event,
    picks,
    best,
    groups: groups?.lists ? { lists: groups.lists } : groups?.by ? { by: groups.by, count: picks } : null,
    deadline: deadline === null ? null : Date.parse(deadline),
    missed_cut,
    tiebreak,
    max_entries,
    auto_finalize,
  }
}

/** When picks can be made. */
export function pickWindowOf(league: League): PickWindow {
  const { deadline, event } = tourRulesOf(league)
  const { startsAt, endsAt } = league
  return { deadline, event, startsAt, endsAt }
}
