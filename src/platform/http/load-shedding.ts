/**
 * Under overload each turn of the event loop takes longer, or reads wait for the threads that answer them. Then a share of
 * the reads is refused until waits are short again: first those of strangers, then those of members. Mutations and all
 * requests of officers and admins are always let in; so are answers from the fast path, which cost no more than a refusal.
 */
import { refuse } from '../../errors.ts'
import { isAtLeast } from './access.ts'
import type { RequestContext } from './request-context.ts'

/** Milliseconds. One long pause, or a machine that was busy with something else for a moment, is not an overload. */
const defaults = {
  /** A turn with a longer lag is late, and so is one at which many reads have waited for longer. */
  late: 500,
  /** How long all turns must have been late before anything is refused. */
  lasting: 5_000,
  /** Time of late turns until all reads of strangers are refused; as much again until those of members are. */
  raising: 3_000,
  /** Time of punctual turns until they are let in again. */
  easing: 10_000,
}
export type OverloadLimits = typeof defaults
type Read = Pick<RequestContext, 'who' | 'began'>
const minLateTurns = 5 // in a row: fewer may be one long pause and its aftermath
const queueLength = 50 // reads under way: fewer may be slow queries that nobody else waits for
const maxLevel = 1.9 // one in ten reads of members always gets through
const retryAfter = 5 // seconds

export type LoadShedding = ReturnType<typeof openLoadShedding>

export function openLoadShedding({ late, lasting, raising, easing }: OverloadLimits = defaults) {
  /** 0: everyone is let in. At 1 no stranger is; what is above 1 is the share of members that are not. */
  let level = 0
  let lateTurns = 0
  let lateSince = 0
  let last = performance.now()
  let owed = 0 // fractions of refusals add up: one is due at 1
  let refused = 0
  const underWay = new Set<Read>() // in the order of their arrival

  /** How long at least `queueLength` reads have waited; 0 if fewer are under way. */
  function queueing(now: number): number {
    if (underWay.size < queueLength) return 0
    let left = queueLength
    for (const { began } of underWay) if (--left === 0) return now - began
    return 0
  }

  return {
    /** Called for each timed turn with its lag. `now` is a time of performance.now(). */
    turn(lag: number, now: number): void {
      const passed = Math.min(now - last, 2 * late) // one long turn counts no more than that
      last = now
      if (Math.max(lag, queueing(now)) < late) {
        lateTurns = 0
        level = Math.max(0, level - passed / easing)
        return
      }
      if (lateTurns++ === 0) lateSince = now - lag
      const isOverloaded = lateTurns >= minLateTurns && now - lateSince >= lasting
      if (level > 0 || isOverloaded) level = Math.min(maxLevel, level + passed / raising)
    },
    /** Refuses the read if it is one too many; otherwise the caller must call `answered` with it. */
    admit(read: Read): void {
      const { who } = read
      if (level > 0 && !isAtLeast(who, 'officer')) owed += Math.min(1, who ? Math.max(0, level - 1) : level)
      if (owed < 1) return void underWay.add(read)
      owed--
      refused++
      refuse('unavailable', `More is asked at the moment than can be answered; try again in ${retryAfter} s`, {
        retryAfter,
      })
    },
    answered: (read: Read) => void underWay.delete(read),
    /** The refused share of strangers' reads, 0 to 1. */
    share: () => Math.min(1, level),
    /** Since the start. */
    refused: () => refused,
  }
}
