/** Whether a league's webhook takes its news, and a test of it. */
import { and, desc, gt, inArray, isNotNull, max, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import { aggregate } from '../../db/count-rows.ts'
import type { Db } from '../../db/open.ts'
import { runs } from '../../db/schema.ts'
import { job } from '../context.ts'
import { messageOf, refuse } from '../errors.ts'
import { iso, isoOrNull } from '../platform/clock.ts'
import { dateTimeSchema } from '../platform/http/shared-schemas.ts'
import type { ChatFormat } from '../platform/http/webhook.ts'
import { announce, postToWebhook } from './announce.ts'
import { leagueById } from './queries.ts'

/** Posts a test to the webhook once, whatever is announced. */
export const testWebhook = job('leagues.test_webhook', {
  input: t.Object({ leagueId: t.Integer() }),
  attempts: 1,
  expires: '60s',
  once: ({ leagueId }) => String(leagueId),
  async run({ leagueId }, app, { signal }) {
    const league = leagueById(app.db, leagueId)
    const message = ({ bold }: ChatFormat) => `${bold(league.name)}: this is a test. News of the league is posted here.`
    try {
      await postToWebhook(app, league, message, signal)
    } catch (error) {
      signal.throwIfAborted()
      return refuse('unavailable', messageOf(error)) // who asked is told; nobody else is alerted
    }
    return { announced: true, message: 'The webhook has taken it' }
  },
})

export const webhookStateSchema = t.Object({
  delivered_at: t.Nullable({ ...dateTimeSchema, description: 'When it last took a message, within 90 days' }),
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

export function webhookState(db: Db, leagueId: number): WebhookState {
  const isPost = and(
    inArray(runs.name, [announce.name, testWebhook.name]),
    sql`${runs.input} ->> 'leagueId' = ${leagueId}`,
  )
  const deliveredAt = aggregate(db, runs, max(runs.completedAt), and(isPost, sql`${runs.result} ->> 'announced'`))
  const failed = db
    .select()
    .from(runs)
    .where(and(isPost, isNotNull(runs.error), gt(runs.startedAt, deliveredAt ?? 0)))
    .orderBy(desc(runs.startedAt))
    .limit(1)
    .get()
  const failure = failed && {
    at: iso(failed.startedAt ?? failed.createdAt),
    reason: failed.error ?? '',
    is_tried_again: failed.completedAt === null,
  }
  return { delivered_at: isoOrNull(deliveredAt), failure: failure ?? null }
}
