/**
 * Mails members without an entry a day before picks close, or as soon after that as they can pick somebody; and those with an entry
 * whose golfer has dropped out by then.
 */
import { and, eq, gt, sql } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { entries, leagues, members } from '../../../db/schema.ts'
import { job } from '../../context.ts'
import { type Notification, sendMails, sendsMail } from '../../mail/send.ts'
import { day, iso, minuteText } from '../../platform/clock.ts'
import type { League } from '../league.ts'
import { isNotSettled } from '../queries.ts'
import { isOut } from './feeds/board.ts'
import { arePicksOpen, isFieldKnown, type Picks } from './picks.ts'

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
      mails += await sendMails(app, droppedOutNotifications(db, league, picks))
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
  return idle.map(({ userId }) => ({
    kind: 'picks',
    userId,
    subject: `Picks of ${name} close within a day`,
    lines: [`Picks of ${name} close at ${minuteText(closesAt)}. You have not picked anyone yet.`],
    link: { label: 'Make your entry', path: `/leagues/${id}/entries` },
    once: `${id}:${iso(closesAt).slice(0, 10)}`,
  }))
}

function droppedOutNotifications(db: Db, { id, name }: League, { board, closesAt }: Picks): Notification[] {
  const out = new Map((board?.golfers ?? []).filter(isOut).map(golfer => [golfer.player_id, golfer.name]))
  if (out.size === 0) return []
  const teams = db.select().from(entries).where(eq(entries.leagueId, id)).all()
  return teams.flatMap(({ id: entry, name: team, userId, picks }): Notification[] => {
    const gone = picks.filter(pick => out.has(pick))
    if (gone.length === 0) return []
    const names = gone.map(pick => out.get(pick)).join(', ')
    return [
      {
        kind: 'picks',
        userId,
        subject: `${names}: out of the event`,
        lines: [
          `Your entry ${team} in ${name} has picked ${names}, out of the event. It can be changed until ${minuteText(closesAt)}.`,
        ],
        link: { label: 'Change your entry', path: `/leagues/${id}/entries?edit=${entry}` },
        once: `${id}:${entry}:${gone.join()}`,
      },
    ]
  })
}
