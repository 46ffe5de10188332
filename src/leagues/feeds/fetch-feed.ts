/** Asks a feed and reads what it answers. Nothing is believed yet. */
import { getJson, type Outgoing, OutgoingFailure, type Validators } from '../../platform/http/outgoing.ts'

/** The answer of a feed cannot be read at all. */
export class FeedError extends Error {
  override readonly name: string = 'FeedError'
}

export type FetchedFeed<Reading> =
  /** `retryAfterMs`: how long the feed asked to be left alone. */
  | { kind: 'failed'; message: string; retryAfterMs: number }
  | { kind: 'unchanged' }
  | { kind: 'fresh'; reading: Reading; validators: Validators }

/** Without `known` it answers in full, be it the same as before. `read` throws a FeedError for what it cannot read. */
export async function fetchFeed<Reading>(
  url: string,
  options: Outgoing,
  known: Validators | undefined,
  read: (json: unknown) => Reading,
): Promise<FetchedFeed<Reading>> {
  try {
    const answer = await getJson(url, options, known)
    if (answer.kind === 'unchanged') return answer
    return { kind: 'fresh', reading: read(answer.json), validators: answer.validators }
  } catch (error) {
    if (error instanceof FeedError) return { kind: 'failed', message: error.message, retryAfterMs: 0 }
    if (error instanceof OutgoingFailure)
      return { kind: 'failed', message: error.message, retryAfterMs: error.retryAfterMs ?? 0 }
    throw error
  }
}
