/** Mails members without an entry a day before picks close, or as soon after that as they can pick somebody. */
import { and, eq, gt, sql } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { entries, leagues, members } from '../../../db/schema.ts'
import { job } from '../../context.ts'
import { type Notification, sendMails, sendsMail } from '../../mail/send.ts'
import { day, iso } from '../../platform/clock.ts'
import type { League } from '../league.ts'
import { isNotSettled } from '../queries.ts'
import { arePicksOpen, isFieldKnown } from './picks.ts'

export const mailPicksDue = job('tours.mail_picks_due', {
  expires: '1h',
  once: () => 'due',
  async run(_, app) {
    if (!sendsMail(app)) return { mails: 0 }
    const { db, clock, tourBoards } = app
    let mails = 0
    for (const league of openLeagues(db, clock.now())) {
      const picks = tourBoards.picksFor(league)
      if (!arePicksOpen(picks, clock.now()) || picks.closesAt > clock.now() + day || !isFieldKnown(picks)) continue
      mails += await sendMails(app, picksNotifications(db, league, picks.closesAt))
    }
    return { mails }
  },
})

const openLeagues = (db: Db, now: number): League[] =>
  db
    .select()
    .from(leagues)
    .where(and(eq(leagues.kind, 'tour'), isNotSettled, gt(leagues.endsAt, now)))
    .all()

function picksNotifications(db: Db, { id, name }: League, closesAt: number): Notification[] {
  const hasEntered = sql`exists (select 1 from ${entries} where ${entries.leagueId} = ${id} and ${entries.userId} = ${members.userId})`
  const idle = db
    .select({ userId: members.userId })
    .from(members)
    .where(and(eq(members.leagueId, id), sql`not ${hasEntered}`))
    .all()
  const at = `${iso(closesAt).slice(0, 16).replace('T', ' ')} UTC`
  return idle.map(({ userId }) => ({
    kind: 'picks',
    userId,
    subject: `Picks of ${name} close within a day`,
    lines: [`Picks of ${name} close at ${at}. You have not picked anyone yet.`],
    link: { label: 'Make your entry', path: `/leagues/${id}/entries` },
    once: `${id}:${iso(closesAt).slice(0, 10)}`,
  }))
}
