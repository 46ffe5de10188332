/** Requests a feed and parses its answer. The caller decides whether to accept it. */
import { getJson, OutgoingFailure, type OutgoingOptions, type Validators } from '../../platform/http/outgoing.ts'

/** The answer of a feed cannot be parsed. */
export class FeedError extends Error {
  override readonly name: string = 'FeedError'
}

export type FetchedFeed<Reading> =
  /** `retryAfterMs`: how long the feed asked us to wait. */
  | { kind: 'failed'; message: string; retryAfterMs: number }
  | { kind: 'unchanged' }
  | { kind: 'fresh'; reading: Reading; validators: Validators }

/** Without `known` the feed answers in full, even if nothing changed. `read` throws a FeedError if it cannot parse the answer. */
export async function fetchFeed<Reading>(
  url: string,
  options: OutgoingOptions,
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
