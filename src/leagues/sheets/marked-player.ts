/** A marked player as the API and pages show one. */
import { type Static, t } from 'elysia'
import { markReasons } from '../../../db/schema.ts'
import { usernamesOf } from '../../accounts/queries.ts'
import type { App } from '../../context.ts'
import { iso } from '../../platform/clock.ts'
import { dateTimeSchema, oneOfWords } from '../../platform/http/shared-schemas.ts'
import { letRequestsIn } from '../../platform/process/let-requests-in.ts'
import type { PlayerMark } from './marks.ts'
import { lastSeen } from './player-card.ts'
import { publishedSnapshots } from './queries.ts'

export const markReasonSchema = oneOfWords(markReasons)
export const markedPlayer = t.Object(
  {
    player_id: t.String(),
    name: t.String(),
    last_seen: t.Nullable(dateTimeSchema, { description: 'When the newest scan with this player was taken' }),
    reason: markReasonSchema,
    farm_of: t.Nullable(t.Object({ player_id: t.String(), name: t.String() })),
    note: t.Nullable(t.String()),
    counted: t.Boolean(),
    marked_by: t.Nullable(t.String({ description: 'Null: the operator, or you are no officer' })),
    marked_at: dateTimeSchema,
  },
  { description: 'A marked player' },
)
export type MarkedPlayer = Static<typeof markedPlayer>

/** Requests are let in between two players: who left long ago is looked for in every scan since. */
export async function markedPlayers(
  { db, sheets }: App,
  leagueId: number,
  marks: readonly PlayerMark[],
): Promise<MarkedPlayer[]> {
  const scans = publishedSnapshots(db, leagueId)
  const names = usernamesOf(
    db,
    marks.map(({ markedBy }) => markedBy),
  )
  const findLastSeen = (player: string) => lastSeen(sheets.boards.scores, scans, player)
  const marked: MarkedPlayer[] = []
  for (const { playerId, reason, farmOf, note, counted, markedBy, markedAt } of marks) {
    if (marked.length > 0) await letRequestsIn()
    const player = findLastSeen(playerId)
    marked.push({
      player_id: playerId,
      name: player?.name || playerId,
      last_seen: player ? iso(player.takenAt) : null,
      reason,
      farm_of: farmOf === null ? null : { player_id: farmOf, name: findLastSeen(farmOf)?.name || farmOf },
      note,
      counted,
      marked_by: markedBy === null ? null : (names.get(markedBy) ?? null),
      marked_at: iso(markedAt),
    })
  }
  return marked
}
