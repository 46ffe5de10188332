/** A tour: its feed, the event the feed shows, and the state of the feed. */
import { type Static, t } from 'elysia'
import { eventStates, feedFormats, fieldSources, type tourEvents, type tours } from '../../../db/schema.ts'
import { dateTime, dateTimeSchema, nullableDateTime, oneOfWords } from '../../platform/http/shared-schemas.ts'
import type { FeedEvent } from './feeds/board.ts'

export type Tour = typeof tours.$inferSelect
export type TourEvent = typeof tourEvents.$inferSelect

const tourStates = ['new', 'ok', 'held', 'failing'] as const
export type TourState = (typeof tourStates)[number]

/** `held`: the last answer is implausible and waits for an officer. `failing`: the feed does not answer, or its answer cannot be parsed. */
export function tourStateOf({ failures, held, checkedAt }: Pick<Tour, 'failures' | 'held' | 'checkedAt'>): TourState {
  if (failures > 0) return 'failing'
  if (held !== null) return 'held'
  return checkedAt === null ? 'new' : 'ok'
}

/** The same for one event of the feed: another may be held back. */
export function eventStateOf(tour: Tour, event: TourEvent | undefined): TourState {
  const state = tourStateOf(tour)
  return state === 'held' && event?.held === null ? 'ok' : state
}

/** When the scores of an event were last confirmed or changed. */
export const confirmedAt = (tour: Tour, event: TourEvent | undefined): number | null =>
  Math.max(tour.checkedAt ?? 0, event?.checkedAt ?? 0) || null

export const feedEventOf = ({ feedId, name, round, status, version }: TourEvent): FeedEvent => ({
  id: feedId,
  name,
  round,
  status,
  version,
})

/** How the config of a league names an event. */
export const eventKey = ({ feedId, name }: Pick<TourEvent, 'feedId' | 'name'>): string => feedId ?? name

export const slugParams = t.Object({ slug: t.String({ maxLength: 40 }) })

export const slugSchema = t.String({
  pattern: '^[a-z0-9][a-z0-9_-]*$',
  'x-error': 'Only lower-case letters, digits, - and _; the first must be a letter or digit.',
  maxLength: 40,
  description: 'Lower-case letters, digits, - and _',
})

export const shownEventSchema = t.Object({
  id: t.Nullable(t.String()),
  name: t.String(),
  round: t.Nullable(t.Integer()),
  status: oneOfWords(eventStates),
  changed_at: dateTimeSchema,
})
export const comingEventSchema = t.Object(
  { name: t.String(), source: oneOfWords(fieldSources), players: t.Integer(), changed_at: dateTimeSchema },
  { description: 'The event after this one, from the feed or entered by hand: see tours/{slug}/upcoming' },
)
export const tourSchema = t.Object(
  {
    slug: t.String(),
    name: t.String(),
    format: oneOfWords(feedFormats),
    interval_s: t.Integer({ description: 'Refresh the feed every … seconds while a league is on' }),
    feed_url: t.Optional(t.String({ description: 'For officers only: it may contain a key' })),
    status: oneOfWords(tourStates),
    event: t.Nullable(shownEventSchema),
    upcoming: t.Nullable(comingEventSchema),
    unmatched: t.Integer({ description: 'Picked players of a field entered by hand who are not found on the feed' }),
    checked_at: nullableDateTime,
    age_s: t.Nullable(t.Integer({ description: 'Seconds since the feed last confirmed or changed the board' })),
    next_update_at: nullableDateTime,
    followed_until: t.Nullable(
      dateTime({
        description:
          'When polling ends: a day after the end of the last league that is not final. Null: no league needs the scores',
      }),
    ),
    failures: t.Integer({ description: 'In a row' }),
    error: t.Nullable(t.String({ description: 'Of the last failure' })),
    failing_since: nullableDateTime,
    held: t.Nullable(t.String({ description: 'Why the newest board is held back' })),
    held_since: nullableDateTime,
    leagues: t.Array(t.Integer(), { description: 'Leagues on this tour that are not final' }),
    created_at: dateTimeSchema,
  },
  { description: 'A tour' },
)

export type TourView = Static<typeof tourSchema>
