/** Mails staff the notices about their shifts; notices that arise together go into one mail. */
import { and, asc, eq, gt, isNull } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import { isAmong } from '../../db/prepared-writes.ts'
import { staff, staffNotices } from '../../db/schema.ts'
import { job } from '../context.ts'
import { acceptMails, sendsMail } from '../mail/send.ts'
import { day } from '../platform/clock.ts'

const maxNoticesAtOnce = 200 // notices handled in one transaction

export const mailNotices = job('roster.mail_notices', {
  attempts: 1,
  expires: '60s',
  once: () => 'notices',
  async run(_, app) {
    const { db, clock } = app
    if (!sendsMail(app) || !unmailed(db, clock.now()).length) return { mails: 0 }
    const mails = await acceptMails(app, tx => {
      const now = clock.now()
      const notices = unmailed(tx, now)
      const ids = notices.map(({ id }) => id)
      tx.update(staffNotices).set({ mailedAt: now }).where(isAmong(staffNotices.id, ids)).run()
      return [...Map.groupBy(notices, ({ userId, kind }) => `${userId} ${kind}`).values()].flatMap(theirs => {
        const [{ userId, kind } = { userId: null, kind: 'roster' as const }] = theirs
        if (userId === null) return []
        return {
          kind,
          userId,
          subject: kind === 'roster' ? 'Your shifts have changed' : 'One of your certificates expires',
          lines: theirs.map(({ message }) => message),
          link: { label: 'Open my shifts', path: '/rota/mine' },
        }
      })
    })
    return { mails }
  },
})

/** Only of the last day: mail that is set up later must not send old notices. Notices seen on the page are not mailed. */
const unmailed = (db: Db, now: number) =>
  db
    .select({ id: staffNotices.id, kind: staffNotices.kind, message: staffNotices.message, userId: staff.userId })
    .from(staffNotices)
    .innerJoin(staff, eq(staff.id, staffNotices.staffId))
    .where(and(isNull(staffNotices.mailedAt), isNull(staffNotices.seenAt), gt(staffNotices.at, now - day)))
    .orderBy(asc(staffNotices.id))
    .limit(maxNoticesAtOnce)
    .all()
