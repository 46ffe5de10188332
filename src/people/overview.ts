/** A user's own page: their positions, and what is due. */
import { t } from 'elysia'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { type DueTask, kindOf } from '../leagues/kinds.ts'
import { day, iso } from '../platform/clock.ts'
import { type PageSlice, pageOf, paginationSchema } from '../platform/http/pagination.ts'
import type { Who } from '../platform/http/request-context.ts'
import { dateTimeSchema, idSchema, oneOfWords } from '../platform/http/shared-schemas.ts'
import { dutyText } from '../rota/notices.ts'
import { ownDuties, staffOfUser } from '../rota/own/own-duties.ts'
import { membershipsOf, type PersonStanding, standingExample, standingOf, standingSchema } from './standing.ts'

const shownAhead = 7 * day // how far ahead shifts are shown
const maxLeagues = 100 // checked for what is due

const dueSchema = t.Object(
  {
    at: dateTimeSchema,
    what: oneOfWords(['league', 'shift']),
    text: t.String(),
    league: t.Nullable(t.Object({ id: idSchema, name: t.String() })),
    path: t.String({ description: 'The page where it is done' }),
  },
  { description: 'Something to do, and by when' },
)

export const overviewSchema = t.Object(
  { due: t.Array(dueSchema), leagues: t.Array(standingSchema), pagination: paginationSchema },
  {
    description: 'What is due, next first, and my leagues, active ones first',
    examples: [
      {
        due: [
          {
            at: '2026-03-05T12:00:00.000Z',
            what: 'league',
            text: 'Picks close',
            league: { id: 9, name: 'Masters pool' },
            path: '/leagues/9/entries',
          },
        ],
        leagues: [standingExample],
        pagination: { page: 1, limit: 20, total: 1, pages: 1 },
      },
    ],
  },
)

export async function overviewOf(app: App, who: Who, page: PageSlice) {
  const userId = who.id ?? refuse('not_found', 'The operator has no page of their own')
  const { memberships, total } = membershipsOf(app, userId, who, page)
  const leagues: PersonStanding[] = []
  for (const membership of memberships) leagues.push(await standingOf(app, membership, userId))
  return { due: await dueOf(app, who, userId), leagues, total }
}
export type Overview = Awaited<ReturnType<typeof overviewOf>>

async function dueOf(app: App, who: Who, userId: number) {
  const { memberships } = membershipsOf(app, userId, who, pageOf({ limit: maxLeagues }))
  const inLeagues = memberships.flatMap(({ league }) => {
    const due = league.finalizedAt === null && kindOf(app, league).nextDue?.(app, league, userId)
    return due ? { ...due, what: 'league' as const, league: { id: league.id, name: league.name } } : []
  })
  const shifts = (await shiftsAhead(app, userId)).map(due => ({ ...due, what: 'shift' as const, league: null }))
  return [...inLeagues, ...shifts].sort((a, b) => a.at - b.at).map(({ at, ...due }) => ({ at: iso(at), ...due }))
}
export type DueView = Awaited<ReturnType<typeof dueOf>>[number]

async function shiftsAhead({ db, clock, reader }: App, userId: number): Promise<DueTask[]> {
  const me = staffOfUser(db, userId)
  if (!me) return []
  const now = clock.now()
  const { duties } = await reader.read(ownDuties, { staffId: me.id, now, slice: pageOf({ limit: 20 }) })
  return duties
    .map(duty => ({ ...duty, day: duty.date, startsAt: Date.parse(duty.starts_at), endsAt: Date.parse(duty.ends_at) }))
    .filter(({ startsAt }) => startsAt < now + shownAhead)
    .map(duty => ({ at: duty.startsAt, text: `Your shift: ${dutyText(duty)}`, path: '/rota/mine' }))
}
