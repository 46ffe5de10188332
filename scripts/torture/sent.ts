/** What was sent, and what was acknowledged. The audit expects each acknowledged thing exactly once, all others at most once. */

/** A scan described by a few numbers, from which its file and the resulting board can be computed again. */
export type Scan = { league: number; filename: string; players: number; seed: number; share: number }

export type SentUpload = Scan & { id?: number; state?: 'published' | 'undone' }
export type SentTrade = { id?: number; traderIndex: number; key: string; order: object }
type SentPrice = { as_of: string; cents: number; isAcknowledged: boolean }

export type SentRequests = {
  /** The id by name; null until it is acknowledged. */
  leagues: Record<string, number | null>
  uploads: SentUpload[]
  trades: SentTrade[]
  prices: SentPrice[]
  entries: Record<string, { id: number | null; picks: string[] }>
  invitations: number[]
  /** The board of a final league, read right after it became final. */
  finals: { league: number; board?: string }[]
  /** By week: the last acknowledged roster, and those sent since then without an answer. */
  rosters: { sent: string; isUnsure: boolean }[][]
  /** Runs that have to succeed. */
  jobs: { id: string; action: string }[]
}

export const nothingSent = (): SentRequests => ({
  leagues: {},
  uploads: [],
  trades: [],
  prices: [],
  entries: {},
  invitations: [],
  finals: [],
  rosters: [],
  jobs: [],
})
