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
  lateLag: 500,
  /** How long all turns must have been late before anything is refused. */
  overloadAfter: 5_000,
  /** Time of late turns until all reads of strangers are refused; as much again until those of members are. */
  sheddingTime: 3_000,
  /** Time of turns that are not late until everyone is let in again. */
  recoveryTime: 10_000,
}
export type OverloadLimits = typeof defaults
type Read = Pick<RequestContext, 'who' | 'began'>
const minLateTurns = 5 // in a row: fewer may be one long pause and its aftermath
const queueLength = 50 // reads under way: fewer may be slow queries that nobody else waits for
const maxLevel = 1.9 // one in ten reads of members always gets through
const retryAfter = 5 // seconds

export type LoadShedding = ReturnType<typeof openLoadShedding>

export function openLoadShedding({ lateLag, overloadAfter, sheddingTime, recoveryTime }: OverloadLimits = defaults) {
  /** 0: everyone is let in. At 1 no stranger is; what is above 1 is the share of members that are not. */
  let level = 0
  let lateTurns = 0
  let lateSince = 0
  let lastTurn = performance.now()
  let refusalsDue = 0 // fractions add up: at 1 a read is refused
  let refused = 0
  const underWay = new Set<Read>() // in the order of their arrival

  /** How long at least `queueLength` reads have waited; 0 if fewer are under way. */
  function queueWait(now: number): number {
    if (underWay.size < queueLength) return 0
    let position = queueLength
    for (const { began } of underWay) if (--position === 0) return now - began
    return 0
  }

  return {
    /** Called for each timed turn with its lag. `now` is a time of performance.now(). */
    turn(lag: number, now: number): void {
      const passed = Math.min(now - lastTurn, 2 * lateLag) // one long turn counts no more than that
      lastTurn = now
      if (Math.max(lag, queueWait(now)) < lateLag) {
        lateTurns = 0
        level = Math.max(0, level - passed / recoveryTime)
        return
      }
      if (lateTurns++ === 0) lateSince = now - lag
      const isOverloaded = lateTurns >= minLateTurns && now - lateSince >= overloadAfter
      if (level > 0 || isOverloaded) level = Math.min(maxLevel, level + passed / sheddingTime)
    },
    /** Refuses the read if it is one too many; otherwise the caller must call `answered` with it. */
    admit(read: Read): void {
      const { who } = read
      if (level > 0 && !isAtLeast(who, 'officer')) refusalsDue += Math.min(1, who ? Math.max(0, level - 1) : level)
      if (refusalsDue < 1) return void underWay.add(read)
      refusalsDue--
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
