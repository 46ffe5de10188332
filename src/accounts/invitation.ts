/** Invitations: a link, stored as its hash, that lets a limited number of people make an account or join a league until it expires. */
import { and, desc, eq, gt, isNull, lt, sql } from 'drizzle-orm'
import { t } from 'elysia'
import { rowsOfPage } from '../../db/count-rows.ts'
import type { Db } from '../../db/open.ts'
import { invitations, leagues } from '../../db/schema.ts'
import { atomically } from '../../db/transactions.ts'
import { audit } from '../audit.ts'
import type { App } from '../context.ts'
import { displayName } from '../display-name/name.ts'
import { invalid, refuse } from '../errors.ts'
import { installationUrl, mailJob, sendsMail } from '../mail/send.ts'
import { day, iso, minuteText } from '../platform/clock.ts'
import type { PageSlice } from '../platform/http/pagination.ts'
import type { Actor, Who } from '../platform/http/request-context.ts'
import { rowView } from '../platform/http/row-view.ts'
import { dateTime, dateTimeSchema, idSchema, nullableDateTime, oneOfWords } from '../platform/http/shared-schemas.ts'
import { emailField, normalizedEmail } from './account.ts'
import { usernamesOf } from './queries.ts'
import { hashSecret, newSecret } from './secret.ts'

type Invitation = typeof invitations.$inferSelect

const defaultLifetime = 7 * day
const maxLifetime = 366 * day
const maxUses = 1_000

export const invitationFields = {
  league_id: t.Optional(
    t.Nullable(
      t.Integer({ minimum: 1, description: 'The league it joins; without it, the invitation is for an account only' }),
    ),
  ),
  max_uses: t.Optional(
    t.Integer({ minimum: 1, maximum: maxUses, default: 1, description: 'How many people may use it' }),
  ),
  expires_at: t.Optional(dateTime({ description: 'Seven days from now by default' })),
  emails: t.Optional(
    t.Array(emailField, {
      maxItems: 50,
      description: 'Mailed to each of these addresses, with a link for one person; nobody else sees the link',
    }),
  ),
}
type NewInvitation = { league_id?: number | null; max_uses?: number; expires_at?: string; email?: string }

const invitationStates = ['open', 'used', 'expired', 'ended'] as const
export const invitationSchema = t.Object(
  {
    id: idSchema,
    league_id: t.Nullable(idSchema),
    state: oneOfWords(invitationStates),
    uses: t.Integer(),
    max_uses: t.Integer(),
    email: t.Nullable(t.String({ description: 'The address it is mailed to; null: its link was handed out' })),
    mailed_at: nullableDateTime,
    mail_error: t.Nullable(t.String({ description: 'Why it could not be mailed' })),
    created_by: t.Nullable(t.String({ description: 'null: the operator' })),
    created_at: dateTimeSchema,
    expires_at: dateTimeSchema,
  },
  {
    description: 'An invitation; its link is shown only once',
    examples: [
      {
        id: 3,
        league_id: 7,
        state: 'open',
        uses: 4,
        max_uses: 30,
        email: null,
        mailed_at: null,
        mail_error: null,
        created_by: 'ann',
        created_at: '2026-03-01T12:00:00.000Z',
        expires_at: '2026-03-08T12:00:00.000Z',
      },
    ],
  },
)

function stateOf({ endedAt, expiresAt, uses, maxUses }: Invitation, now: number): (typeof invitationStates)[number] {
  if (endedAt !== null) return 'ended'
  if (uses >= maxUses) return 'used'
  return expiresAt > now ? 'open' : 'expired'
}

const viewOf = rowView(invitationSchema)
export const invitationView = (invitation: Invitation, madeBy: string | undefined, now: number) =>
  viewOf({ ...invitation, state: stateOf(invitation, now), createdBy: madeBy ?? null })
export type InvitationView = ReturnType<typeof invitationView>

type InvitationContext = Pick<App, 'db' | 'clock'>

/** The token is in this answer and is not stored anywhere. */
export function makeInvitation({ db, clock }: InvitationContext, who: Who, wanted: NewInvitation) {
  const now = clock.now()
  const expiresAt = expiryOf(wanted, now)
  const token = newSecret()
  return atomically(db, tx => ({ invitation: insertInvitation(tx, who, { ...wanted, token, expiresAt }, now), token }))
}

/** One for each address. Its link is made when the mail is sent. */
export function mailInvitations(app: App, who: Who, wanted: NewInvitation, addresses: readonly string[]) {
  const { db, clock, jobs } = app
  if (!sendsMail(app)) invalid('emails', 'This site sends no mail. Make a link and send it yourself.')
  const emails = [...new Set(addresses.map(email => normalizedEmail(email, 'emails')))]
  const now = clock.now()
  const expiresAt = expiryOf(wanted, now)
  return atomically(db, tx =>
    emails.map(email => {
      const token = newSecret() // nobody learns it: sending the mail makes another
      const invitation = insertInvitation(tx, who, { ...wanted, max_uses: 1, token, expiresAt, email }, now)
      return { invitation, job: jobs.accept(tx, sendInvitation, { invitationId: invitation.id }).jobId }
    }),
  )
}

function expiryOf({ expires_at }: NewInvitation, now: number): number {
  const expiresAt = expires_at === undefined ? now + defaultLifetime : Date.parse(expires_at)
  if (expiresAt <= now) invalid('expires_at', 'Write a time in the future.')
  if (expiresAt > now + maxLifetime) invalid('expires_at', 'Write a time within a year.')
  return expiresAt
}

type InvitationValues = NewInvitation & { token: string; expiresAt: number }
function insertInvitation(
  tx: Db,
  who: Who,
  { league_id, max_uses, token, expiresAt, email }: InvitationValues,
  now: number,
): Invitation {
  const values = {
    leagueId: league_id ?? null,
    maxUses: max_uses ?? 1,
    expiresAt,
    email,
    createdBy: who.id,
    createdAt: now,
  }
  const invitation = tx
    .insert(invitations)
    .values({ ...values, tokenHash: hashSecret(token) })
    .returning()
    .get()
  const detail = {
    league_id: invitation.leagueId,
    max_uses: invitation.maxUses,
    expires_at: iso(expiresAt),
    by_mail: email !== undefined,
  }
  audit(tx, { at: now, who, action: 'invitation.create', target: `invitation ${invitation.id}`, detail })
  return invitation
}

export const sendInvitation = mailJob('send_invitation', () => 'invitation', {
  input: t.Object({ invitationId: t.Integer() }),
  async compose({ invitationId }, app) {
    const token = newSecret()
    const invitation = await atomically(app.db, tx => {
      const found = tx.select().from(invitations).where(eq(invitations.id, invitationId)).get()
      if (!found || stateOf(found, app.clock.now()) !== 'open') return undefined
      const tokenHash = hashSecret(token)
      return tx.update(invitations).set({ tokenHash }).where(eq(invitations.id, invitationId)).returning().get()
    })
    if (!invitation?.email) return undefined
    const { leagueId, createdBy, expiresAt } = invitation
    const league = leagueId === null ? undefined : leagueName(app.db, leagueId)
    const inviter = usernamesOf(app.db, [createdBy]).get(createdBy ?? 0)
    const invited = `${inviter ? `${inviter} invites you` : 'You are invited'} to ${league ?? displayName(app.db)} at ${installationUrl(app)}.`
    return {
      to: invitation.email,
      subject: `You are invited to ${league ?? displayName(app.db)}`,
      lines: [invited, `The link is for you alone. It works once, until ${minuteText(expiresAt)}.`],
      link: { label: 'Accept the invitation', url: installationUrl(app) + invitationPath(token) },
    }
  },
  settled: ({ invitationId }, app, outcome) =>
    noteMailed(app, invitationId, 'sent' in outcome ? null : `Not sent: ${outcome.skipped}`),
  afterFailure: ({ invitationId }, app, { error }) => noteMailed(app, invitationId, error ?? 'The mail was cancelled'),
})

export const invitationPath = (token: string) => `/invitation?token=${token}`

const leagueName = (db: Db, id: number): string | undefined =>
  db.select({ name: leagues.name }).from(leagues).where(eq(leagues.id, id)).get()?.name

const noteMailed = ({ db, clock }: App, id: number, mailError: string | null): Promise<void> =>
  atomically(db, tx => {
    const mailedAt = mailError === null ? clock.now() : null
    tx.update(invitations).set({ mailedAt, mailError }).where(eq(invitations.id, id)).run()
  })

/** Invitations of one league, or all of them, newest first. */
export function listInvitations(db: Db, leagueId: number | undefined, slice: PageSlice, now: number) {
  const where = leagueId === undefined ? undefined : eq(invitations.leagueId, leagueId)
  const { rows, total } = rowsOfPage(db, invitations, { where, orderBy: [desc(invitations.id)] }, slice)
  const makers = rows.map(({ createdBy }) => createdBy)
  const names = usernamesOf(db, makers)
  return { invitations: rows.map(each => invitationView(each, names.get(each.createdBy ?? 0), now)), total }
}

export function endInvitation({ db, clock }: App, who: Who, id: number): Promise<void> {
  return atomically(db, tx => {
    const now = clock.now()
    const isThis = eq(invitations.id, id)
    const ended = tx
      .update(invitations)
      .set({ endedAt: now })
      .where(and(isThis, isNull(invitations.endedAt)))
      .returning()
      .all()
    if (!ended.length && !tx.select().from(invitations).where(isThis).get())
      refuse('not_found', `There is no invitation ${id}`)
    if (ended.length) audit(tx, { at: now, who, action: 'invitation.end', target: `invitation ${id}` })
  })
}

/** The invitation of a link, as long as it can still be used. */
export function openInvitation(db: Db, token: string, now: number): Invitation {
  const found = db
    .select()
    .from(invitations)
    .where(eq(invitations.tokenHash, hashSecret(token)))
    .get()
  if (!found)
    return refuse(
      'not_found',
      'This invitation link does not work. Check that you copied all of it, or ask for a new one.',
    )
  const state = stateOf(found, now)
  if (state === 'ended') refuse('gone', 'This invitation has been withdrawn; ask for a new one')
  if (state === 'used') refuse('gone', 'This invitation has already been used; ask for a new one')
  if (state === 'expired') refuse('gone', `This invitation expired at ${iso(found.expiresAt)}; ask for a new one`)
  return found
}

/** Counts one use. However many people use it at once, no more get in than it allows. */
export function useInvitation(tx: Db, token: string, who: Actor, now: number): Invitation {
  const { id } = openInvitation(tx, token, now)
  const isOpen = and(
    eq(invitations.id, id),
    isNull(invitations.endedAt),
    lt(invitations.uses, invitations.maxUses),
    gt(invitations.expiresAt, now),
  )
  const [used] = tx
    .update(invitations)
    .set({ uses: sql`${invitations.uses} + 1` })
    .where(isOpen)
    .returning()
    .all()
  if (!used) return refuse('gone', 'This invitation has already been used; ask for a new one')
  audit(tx, {
    at: now,
    who,
    action: 'invitation.use',
    target: `invitation ${id}`,
    detail: { league_id: used.leagueId },
  })
  return used
}
