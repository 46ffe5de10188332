/**
 * Who recently sent which key or cookie, by a hash of both, so that the fast path need not look them up. An entry is dropped as soon as
 * anything of the account changes, in any process, when the key or session ends, and after a minute: the next lookup then extends
 * the session, or records the use of the key.
 */
import type { Stamps } from '../platform/cache/stamps.ts'
import { type Clock, minute } from '../platform/clock.ts'
import type { Who } from '../platform/http/request-context.ts'
import { hashSecret } from './secret.ts'

type Identity = { who: Who; account: string; version: string; epoch: number; at: number; endsAt: number }

const maxIdentities = 10_000

type KnownIdentities = ReturnType<typeof openKnownIdentities>

/** Changes whenever anything of the account does, in any process. */
export const accountVersion = (stamps: Stamps, account: string): string =>
  stamps.versionOf([
    ['account', account],
    ['user', account],
  ])

export function openKnownIdentities(stamps: Stamps, clock: Clock) {
  const identities = new Map<string, Identity>()
  const hashOf = (headers: Headers) => hashSecret(`${headers.get('authorization')}\n${headers.get('cookie')}`)

  /** `began` as of performance.now(). */
  function isCurrent(identity: Identity, began: number): boolean {
    const now = clock.now()
    if (now < identity.at || now >= identity.at + minute || now >= identity.endsAt) return false
    const epoch = stamps.currentEpoch(began)
    if (identity.epoch === epoch) return true
    if (accountVersion(stamps, identity.account) !== identity.version) return false
    identity.epoch = epoch
    return true
  }

  return {
    find({ headers }: Pick<Request, 'headers'>, began: number): Who | undefined {
      if (identities.size === 0) return undefined
      const hash = hashOf(headers)
      const identity = identities.get(hash)
      if (!identity || isCurrent(identity, began)) return identity?.who
      identities.delete(hash)
      return undefined
    },

    /** `epoch`: of the stamps before the rows were read; what has changed since may be missing from them. */
    remember({ headers }: Request, who: Who, endsAt: number, epoch: number): void {
      if (who.id === null || stamps.currentEpoch() !== epoch) return
      if (identities.size >= maxIdentities) identities.clear() // frequent readers are soon known again
      const account = String(who.id)
      identities.set(hashOf(headers), {
        who,
        account,
        version: accountVersion(stamps, account),
        epoch,
        at: clock.now(),
        endsAt,
      })
    },
  }
}

declare module '../context.ts' {
  interface App {
    readonly knownIdentities: KnownIdentities
  }
}
