/** Who may see and join a league: everyone, or with `config.public` false only its members and officers, who add new members. */
import { and, asc, eq, or, type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import { equalsGiven } from '../../db/prepared-writes.ts'
import { leagues, members } from '../../db/schema.ts'
import { prepared } from '../../db/transactions.ts'
import { cached } from '../cached.ts'
import { refuse } from '../errors.ts'
import type { CacheEntry, CacheResult } from '../platform/cache/cache.ts'
import { isAtLeast } from '../platform/http/access.ts'
import type { Audience } from '../platform/http/cached-fast-path.ts'
import type { Who } from '../platform/http/request-context.ts'
import type { League } from './league.ts'
import { findLeague, isMember, leagueById } from './queries.ts'

export const isPublic = ({ config }: Pick<League, 'config'>) => config.public !== false

const sameForAllReaders = new Set<CacheEntry>([
  cached.league,
  cached.leagueStats,
  cached.board,
  cached.totals,
  cached.player,
  cached.classifications,
])
/**
 * Which signed-in users may get a cached answer again without another check: all of them, or the one it was made for, if the
 * league is public; otherwise nobody. The cached answer is dropped when any of this changes.
 */
export function audienceOf(db: Db, { entry, scope: [id] }: Pick<CacheResult<unknown>, 'entry' | 'scope'>): Audience {
  const isForOne = entry === cached.ownHtml
  if (typeof id !== 'number' || !(isForOne || sameForAllReaders.has(entry))) return 'nobody'
  const league = findLeague(db, id)
  if (!league || !isPublic(league)) return 'nobody'
  return isForOne ? 'one' : 'all'
}

export const maySee = (db: Db, league: Pick<League, 'id' | 'config'>, who: Who | undefined): boolean =>
  isPublic(league) || isAtLeast(who, 'officer') || (typeof who?.id === 'number' && isMember(db, league.id, who.id))

/** The league; refused to readers who may not see it. */
export function readableLeague(db: Db, id: number, who: Who | undefined): League {
  const league = leagueById(db, id)
  if (maySee(db, league, who)) return league
  return who
    ? refuse('forbidden', 'This league is for its members; an officer can add you')
    : refuse('unauthorized', 'This league is for its members; sign in first')
}

/** `maySee` as a condition on `leagues`; undefined for officers, who see all. */
export function isVisibleTo(who: Who | undefined): SQL | undefined {
  if (isAtLeast(who, 'officer')) return undefined
  const isOpen = sql`${leagues.config} ->> '$.public' is not 0`
  return typeof who?.id === 'number' ? or(isOpen, sql`${leagues.id} in ${memberOf(who.id)}`) : isOpen
}
const memberOf = (userId: number) =>
  sql`(select ${members.leagueId} from ${members} where ${members.userId} = ${userId})`

/** The cache key of a list of leagues: the same for everyone who sees the same leagues. */
export function visibilityKey(db: Db, who: Who | undefined): string {
  if (isAtLeast(who, 'officer')) return 'all'
  if (typeof who?.id !== 'number') return 'public'
  return [
    'public',
    ...privateOf(db)
      .all({ userId: who.id })
      .map(({ id }) => id),
  ].join('+')
}
const privateOf = prepared(db =>
  db
    .select({ id: leagues.id })
    .from(members)
    .innerJoin(leagues, eq(leagues.id, members.leagueId))
    .where(and(equalsGiven(members.userId), sql`${leagues.config} ->> '$.public' = 0`))
    .orderBy(asc(leagues.id)),
)
