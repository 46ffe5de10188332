/** The coming event of a tour: its field, from the feed or entered by hand, and picked players who are not on the feed. */

import { t } from 'elysia'
import { fieldSources } from '../../../db/schema.ts'
import type { App } from '../../context.ts'
import { apiRouter, signedIn } from '../../platform/http/access.ts'
import { itemsOfPage, listRoute, paged, pageQuery, paginationSchema } from '../../platform/http/pagination.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { oneLine, oneOfWords } from '../../platform/http/shared-schemas.ts'
import { maxPlayers } from './field-text.ts'
import { matchPlayerByHand, openUnmatched } from './match-field.ts'
import { tourBySlug } from './queries.ts'
import { slugParams } from './tour.ts'
import { listUpcomingField, removeField, saveField } from './upcoming-field.ts'

const rank = t.Nullable(t.Integer({ minimum: 1, maximum: 100_000, description: 'World ranking' }))
const odds = t.Nullable(t.Number({ exclusiveMinimum: 1, maximum: 10_000, description: 'Decimal: what 1 pays' }))

const givenField = t.Object(
  {
    event: oneLine(200),
    text: t.Optional(
      t.String({
        maxLength: 100_000,
        description:
          'Pasted names, one per line ("First Last" or "Last, First"), or CSV with headings: name (or first and last), rank, odds, id',
      }),
    ),
    players: t.Optional(
      t.Array(
        t.Object({
          name: oneLine(100),
          player_id: t.Optional(t.String({ minLength: 1, maxLength: 64, description: 'The id on the feed, if known' })),
          rank: t.Optional(rank),
          odds: t.Optional(odds),
        }),
        { maxItems: maxPlayers, description: 'Instead of `text`' },
      ),
    ),
  },
  {
    examples: [
      { event: 'Inland Open', text: 'name,rank,odds\n"Berglund, Åke",1,6.5\nConor O’Shea,2,9' },
      { event: 'Inland Open', players: [{ name: 'Åke Berglund', rank: 1, odds: 6.5 }] },
    ],
  },
)

const savedField = t.Object(
  {
    event: t.String(),
    players: t.Integer(),
    matched_to: t.Nullable(t.String({ description: 'The event on the feed, if it is already there' })),
    unmatched: t.Integer({ description: 'Picked players who are not on the feed' }),
  },
  {
    description: 'The field that was entered',
    examples: [{ event: 'Inland Open', players: 156, matched_to: null, unmatched: 0 }],
  },
)

const fieldPlayer = t.Object({
  player_id: t.String(),
  name: t.String(),
  rank,
  odds,
  withdrawn: t.Boolean({ description: 'No longer in the list, but picked in an entry' }),
})

const upcoming = t.Object(
  {
    event: t.Nullable(t.Object({ name: t.String(), source: oneOfWords(fieldSources) })),
    players: t.Array(fieldPlayer),
    pagination: paginationSchema,
  },
  { description: 'The coming event; null if neither the feed nor an officer has named one' },
)

const unmatched = t.Object({
  player_id: t.String(),
  name: t.String(),
  event: t.String({ description: 'The event on the feed' }),
  entries: t.Integer({ description: 'Entries that picked the player' }),
})

export const fieldRoutes = (app: App) => {
  const { db } = app
  return apiRouter(app, '/api/v1/tours/:slug', 'tours')
    .guard({ params: slugParams })
    .get(
      '/upcoming',
      ({ params: { slug }, query, request }) =>
        paged(query, request, page => listUpcomingField(db, tourBySlug(db, slug), page)),
      {
        query: t.Object(pageQuery),
        may: 'reader',
        counted: true,
        detail: describe('The field of the coming event, favourites first', upcoming),
      },
    )
    .put('/upcoming', ({ params: { slug }, body, who }) => saveField(app, signedIn(who), tourBySlug(db, slug), body), {
      body: givenField,
      may: 'officer',
      detail: describe(
        'Enter the field of the coming event, replacing an earlier one. Leagues that start then take picks from it; once the feed has the event, picks are matched to it by name',
        savedField,
      ),
    })
    .delete(
      '/upcoming',
      async ({ params: { slug }, who }) => {
        await removeField(app, signedIn(who), tourBySlug(db, slug))
        return { deleted: true, slug }
      },
      {
        may: 'officer',
        detail: describe(
          'Remove the field that was entered by hand, unless entries have been made with it',
          t.Object({ deleted: t.Boolean(), slug: t.String() }),
        ),
      },
    )
    .get(
      '/unmatched',
      ({ params: { slug }, query, request }) => {
        const all = openUnmatched(db, tourBySlug(db, slug))
        return paged(query, request, page => ({
          players: itemsOfPage(all, page).map(({ hand_event_id, event_id, ...player }) => player),
          total: all.length,
        }))
      },
      {
        may: 'officer',
        ...listRoute('Picked players of a field entered by hand who are not on the feed', 'players', unmatched),
      },
    )
    .guard({ params: t.Object({ ...slugParams.properties, player_id: t.String({ maxLength: 64 }) }) })
    .put(
      '/unmatched/:player_id',
      async ({ params: { slug, player_id }, body, who }) => {
        await matchPlayerByHand(app, signedIn(who), tourBySlug(db, slug), player_id, body.golfer)
        return { player_id, golfer: body.golfer }
      },
      {
        body: t.Object(
          {
            golfer: t.Nullable(
              t.String({
                minLength: 1,
                maxLength: 64,
                description: 'The id on the feed; null: the player does not play',
              }),
            ),
          },
          { examples: [{ golfer: '10037' }, { golfer: null }] },
        ),
        may: 'officer',
        detail: describe(
          'Match a player to one on the feed, or say that they do not play; entries are updated',
          t.Object({ player_id: t.String(), golfer: t.Nullable(t.String()) }, { description: 'The match' }),
        ),
      },
    )
}
