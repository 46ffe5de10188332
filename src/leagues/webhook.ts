/** Posts to a league's webhook, knows whether it took what was posted, and tests it. */
import { and, eq } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../db/open.ts'
import { runs, webhookDeliveries } from '../../db/schema.ts'
import { atomically } from '../../db/transactions.ts'
import { hashSecret } from '../accounts/secret.ts'
import { type App, job } from '../context.ts'
import { displayName } from '../display-name/name.ts'
import { messageOf, refuse } from '../errors.ts'
import { iso, isoOrNull } from '../platform/clock.ts'
import { OutgoingFailure } from '../platform/http/outgoing.ts'
import { dateTimeSchema } from '../platform/http/shared-schemas.ts'
import { type ChatFormat, postMessage } from '../platform/http/webhook.ts'
import type { JobContext } from '../platform/jobs/job.ts'
import { webhookName } from '../ui/display-name.ts'
import { requireWebhook } from './announcements.ts'
import type { League } from './league.ts'
import { findLeague, leagueById } from './queries.ts'

/** Throws a sentence that names the league. */
export async function postToWebhook(
  app: App,
  league: League,
  message: (format: ChatFormat) => string,
  { jobId, signal }: Pick<JobContext, 'jobId' | 'signal'>,
): Promise<void> {
  const { db, clock, config } = app
  const url = requireWebhook(league)
  const record = (outcome: DeliveryOutcome) =>
    atomically(db, tx => recordDelivery(tx, league.id, url, outcome), 'unsynced')
  try {
    await postMessage(url, webhookName(displayName(db)), message, { allowPrivate: config.allowPrivateFeeds, signal })
  } catch (error) {
    signal.throwIfAborted()
    await record({ failedRun: jobId })
    throw new Error(failureText(league, url, error), { cause: error })
  }
  await record({ deliveredAt: clock.now(), failedRun: null })
}

type DeliveryOutcome = { deliveredAt?: number; failedRun: string | null }

function recordDelivery(tx: Db, leagueId: number, url: string, outcome: DeliveryOutcome): void {
  if (!findLeague(tx, leagueId)) return // deleted since
  tx.insert(webhookDeliveries)
    .values({ leagueId, addressHash: hashSecret(url), ...outcome })
    .onConflictDoUpdate({ target: [webhookDeliveries.leagueId, webhookDeliveries.addressHash], set: outcome })
    .run()
}

/** Names the league and the host, never the rest of the address: that is the channel's password. */
const failureText = ({ name, id }: League, url: string, error: unknown): string =>
  `The webhook of “${name}” (league ${id}) at ${URL.parse(url)?.host ?? 'an unreadable address'} failed: ${reasonOf(error)}`

const reasonOf = (error: unknown) =>
  error instanceof OutgoingFailure && [401, 403, 404, 410].includes(error.status ?? 0)
    ? `${error.message}. It may have been deleted there, or its address is not complete`
    : messageOf(error)

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
