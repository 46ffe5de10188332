/** What was sent and what of it was acknowledged: of the latter the audit wants each once, of the rest none twice. */

/** A scan that can be made again from a few numbers, to work out the board it leads to. */
export type Scan = { league: number; filename: string; players: number; seed: number; share: number }

export type SentUpload = Scan & { id?: number; job?: string; is?: 'published' | 'undone' }
export type SentTrade = { id?: number; by: number; key: string; order: object }
export type SentPrice = { as_of: string; cents: number; isAcknowledged: boolean }

export type Known = {
  /** By name: the id, once it was acknowledged. */
  leagues: Record<string, number | null>
  uploads: SentUpload[]
  trades: SentTrade[]
  prices: SentPrice[]
  entries: Record<string, { id: number | null; picks: string[] }>
  invitations: number[]
  /** The board of a final league, as it was read right after. */
  finals: { league: number; board?: string }[]
  /** By week: the roster that was acknowledged last, and those sent since whose answer never came. */
  rosters: { sent: string; isUnsure: boolean }[][]
  /** Runs that have to end well. */
  jobs: { id: string; act: string }[]
}

export const nothingYet = (): Known => ({
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
