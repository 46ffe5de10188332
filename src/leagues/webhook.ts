/** Whether a league's webhook takes its news, and a test of it. */
import { and, eq } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../db/open.ts'
import { runs, webhookDeliveries } from '../../db/schema.ts'
import { hashSecret } from '../accounts/secret.ts'
import { job } from '../context.ts'
import { messageOf, refuse } from '../errors.ts'
import { iso, isoOrNull } from '../platform/clock.ts'
import { dateTimeSchema } from '../platform/http/shared-schemas.ts'
import type { ChatFormat } from '../platform/http/webhook.ts'
import { postToWebhook } from './announce.ts'
import { requireWebhook } from './announcements.ts'
import type { League } from './league.ts'
import { leagueById } from './queries.ts'

/** Posts a test to the webhook once, whatever is announced. */
export const testWebhook = job('leagues.test_webhook', {
  input: t.Object({ leagueId: t.Integer() }),
  attempts: 1,
  expires: '60s',
  once: ({ leagueId }) => String(leagueId),
  async run({ leagueId }, app, work) {
    const league = leagueById(app.db, leagueId)
    const message = ({ bold }: ChatFormat) => `${bold(league.name)}: this is a test. News of the league is posted here.`
    try {
      await postToWebhook(app, league, message, work)
    } catch (error) {
      work.signal.throwIfAborted()
      return refuse('unavailable', messageOf(error)) // who asked is told; nobody else is alerted
    }
    return { announced: true, message: 'The webhook has taken it' }
  },
})

export const webhookStateSchema = t.Object({
  delivered_at: t.Nullable({ ...dateTimeSchema, description: 'When it last took a message' }),
  failure: t.Nullable(
    t.Object({
      at: dateTimeSchema,
      reason: t.String({
        examples: ['The webhook of “Cup” (league 7) at example.org failed: The server refuses connections'],
      }),
      is_tried_again: t.Boolean(),
    }),
    { description: 'The last message that it did not take, unless it took one since' },
  ),
})
export type WebhookState = Static<typeof webhookStateSchema>

/** Of the address it has now. */
export function webhookState(db: Db, league: League): WebhookState {
  const found = db
    .select()
    .from(webhookDeliveries)
    .leftJoin(runs, eq(runs.id, webhookDeliveries.failedRun))
    .where(
      and(
        eq(webhookDeliveries.leagueId, league.id),
        eq(webhookDeliveries.addressHash, hashSecret(requireWebhook(league))),
      ),
    )
    .get()
  const run = found?.runs
  const failure = run?.error
    ? { at: iso(run.startedAt ?? run.createdAt), reason: run.error, is_tried_again: run.completedAt === null }
    : null
  return { delivered_at: isoOrNull(found?.webhook_deliveries.deliveredAt), failure }
}
