/** Mails members that the board is final, and how they did. */
import { asc, eq } from 'drizzle-orm'
import { t } from 'elysia'
import type { Db } from '../../db/open.ts'
import { members } from '../../db/schema.ts'
import { type App, job } from '../context.ts'
import { type Notification, sendMails, sendsMail } from '../mail/send.ts'
import { kindOf } from './kinds.ts'
import type { League } from './league.ts'
import { findLeague } from './queries.ts'

/** Part of the transaction that makes the league final; the job is to be dispatched after the commit. */
export const mailFinalLater = (app: App, tx: Db, leagueId: number): string | undefined =>
  sendsMail(app) ? app.jobs.accept(tx, mailFinal, { leagueId }).jobId : undefined

export const mailFinal = job('leagues.mail_final', {
  input: t.Object({ leagueId: t.Integer() }),
  once: ({ leagueId }) => String(leagueId),
  async run({ leagueId }, app, { signal }) {
    const league = findLeague(app.db, leagueId)
    if (!league?.finalHash) return { mails: 0 }
    let mails = 0
    for (const { userId } of memberIds(app.db, leagueId)) {
      signal.throwIfAborted()
      mails += await sendMails(app, [await finalNotification(app, league, userId)])
    }
    return { mails }
  },
})

const memberIds = (db: Db, leagueId: number) =>
  db
    .select({ userId: members.userId })
    .from(members)
    .where(eq(members.leagueId, leagueId))
    .orderBy(asc(members.userId))
    .all()

async function finalNotification(app: App, league: League, userId: number): Promise<Notification> {
  const { standings, pages } = kindOf(app, league)
  const rows = (await standings?.(app, league, userId)) ?? []
  const ranked = rows.flatMap(({ name, rank, score }) =>
    rank === null || score === null
      ? []
      : `${name}: rank ${rank}, ${pages.scoreName.toLowerCase()} ${String(pages.score(score))}`,
  )
  return {
    kind: 'final',
    userId,
    subject: `The board of ${league.name} is final`,
    lines: [`The board of ${league.name} is final.`, ...(ranked.length ? [ranked.join('\n')] : [])],
    link: { label: 'Open the board', path: `/leagues/${league.id}` },
    once: `${league.id}:${league.finalHash}`,
  }
}
