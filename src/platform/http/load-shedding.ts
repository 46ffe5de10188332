/**
 * When more is asked than can be answered, each turn of the event loop takes longer, or reads wait for the threads that answer
 * them. A share of the reads is refused then, until nobody waits for long: first those of strangers, then those of members. Changes, and whatever
 * officers and admins ask, are always let in; so are answers from the fast path, which cost no more than a refusal.
 */
import { refuse } from '../../errors.ts'
import { isAtLeast } from './access.ts'
import type { RequestContext } from './request-context.ts'

/** ms. One long pause, or a machine that was busy with something else for a moment, is no overload. */
const usual = {
  /** A turn that comes later than this is late, and so is one at which many reads have waited for longer. */
  late: 500,
  /** How long every turn must have been late before anything is refused. */
  lasting: 5_000,
  /** Late turns until all reads of strangers are refused; as many more, until those of members are. */
  raising: 3_000,
  /** Turns in time until they are let in again. */
  easing: 10_000,
}
export type OverloadLimits = typeof usual
type Read = Pick<RequestContext, 'who' | 'began'>
const fewestTurns = 5 // late ones in a row: fewer may be one long pause and what it left behind
const many = 50 // reads under way: fewer may be long questions, which nobody else waits for
const highest = 1.9 // of members one in ten gets through, however late it is
const retryAfter = 5 // seconds

export type LoadShedding = ReturnType<typeof openLoadShedding>

export function openLoadShedding({ late, lasting, raising, easing }: OverloadLimits = usual) {
  /** 0: everyone is let in. At 1 no stranger is; above it, the share of members that is not. */
  let level = 0
  let lateTurns = 0
  let lateSince = 0
  let last = performance.now()
  let owed = 0 // refusals: a whole one is due at 1
  let refused = 0
  const underWay = new Set<Read>() // in the order in which they came

  /** How long so many have waited at least that it is a queue; 0 where they are fewer. */
  function queueing(now: number): number {
    if (underWay.size < many) return 0
    let left = many
    for (const { began } of underWay) if (--left === 0) return now - began
    return 0
  }

  return {
    /** Called for each turn that was timed, with how late it came. `now` as of performance.now(). */
    turn(lag: number, now: number): void {
      const passed = Math.min(now - last, 2 * late) // however long one turn took
      last = now
      if (Math.max(lag, queueing(now)) < late) {
        lateTurns = 0
        level = Math.max(0, level - passed / easing)
        return
      }
      if (lateTurns++ === 0) lateSince = now - lag
      const isOverloaded = lateTurns >= fewestTurns && now - lateSince >= lasting
      if (level > 0 || isOverloaded) level = Math.min(highest, level + passed / raising)
    },
    /** Refuses a read, where it is one too many. Else `answered` is to be called with it. */
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
    /** 0 to 1: of strangers, who are refused first. */
    share: () => Math.min(1, level),
    /** Since the start. */
    refused: () => refused,
  }
}
