/** Leagues, boards, players and uploads as the API answers them, with names that try to break pages among them. */

import { Value } from '@sinclair/typebox/value'
import { randomFrom } from '../scripts/random.ts'
import type { BoardRow } from '../src/leaderboard/page.ts'
import type { BoardView } from '../src/leagues/board.ts'
import type { ConfigPreview } from '../src/leagues/config-preview.ts'
import type { PlayerView } from '../src/leagues/kinds.ts'
import { type LeagueView, leagueSchema } from '../src/leagues/league.ts'
import type { UploadView } from '../src/leagues/sheets/upload.ts'
import type { UploadErrors } from '../src/leagues/sheets/uploads-page.ts'
import type { Who } from '../src/platform/http/request-context.ts'

export const officer: Who = { id: 2, username: 'olga', role: 'officer', via: 'session', csrfToken: 'token-of-olga' }
export const admin: Who = { id: 1, username: 'ada', role: 'admin', via: 'session', csrfToken: 'token-of-ada' }
export const member: Who = { id: 3, username: 'max', role: 'member', via: 'session', csrfToken: 'token-of-max' }

export const hostile = {
  script: '<script>alert(1)</script>',
  attribute: '" onmouseover="alert(1)" x="',
  rightToLeft: '\u202e drowssap \u202d',
  arabic: 'كتيبة الصقور',
  emoji: '👩‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 Æther ﷽',
  long: 'W'.repeat(200),
  words: 'a name that goes on and on '.repeat(7),
  empty: '',
}

const soldiers =
  'Ann Bolt,Björn Ærø,Cassia,Dmitri Volkov,El Niño,Fatima Zahra,Gwendolyn,Håkon,Ines,Jürgen Groß,Kai,Léa,Mo,Nadia,Oisín,Priya'.split(
    ',',
  )
const day = 86_400_000
const start = Date.UTC(2026, 2, 1)
const iso = (at: number) => new Date(at).toISOString()

/** Missing fields get the empty values of the schema. */
const northern = Value.Cast(leagueSchema, {
  id: 7,
  name: 'Northern War, season 4',
  kind: 'sheet',
  status: 'active',
  starts_at: iso(start),
  ends_at: iso(start + 60 * day),
  config: { weights: { kills_t4: 10, kills_t5: 30, deads: 80 } },
  members: 12,
  created_at: iso(start - day),
  finalized_at: null,
  final_hash: null,
  archived_at: null,
})
export const sampleLeague = (more: Partial<LeagueView> = {}): LeagueView => ({ ...northern, ...more })

export const tiers = ['elite', 'strong', 'steady', 'reserve', 'idle']

export function sampleBoard(
  more: Partial<BoardView> = {},
  { count = 50, total = 1_248, names = soldiers } = {},
): BoardView {
  const { id, name, kind, status } = sampleLeague()
  const { next } = randomFrom(20260301)
  const rows = Array.from({ length: count }, (_, i): BoardRow => {
    const score = Math.round(98_765_432 / (1 + i * 0.07) - next() * 90_000)
    const power = Math.round(40_000_000 + next() * 90_000_000)
    const kills = Math.round(score / 12)
    return {
      rank: i + 1,
      change: i === 7 ? null : Math.round((next() - 0.5) * 6),
      player_id: String(10_000_000 + i * 7_919),
      name: names[i % names.length] ?? '',
      score,
      tier: tiers[Math.min(4, Math.floor((i * 5) / Math.max(1, count)))],
      metrics: {
        power,
        kill_points: kills,
        kills_t4: Math.round(kills / 14),
        kills_t5: Math.round(kills / 40),
        deads: i === 3 ? null : Math.round(next() * 2_000_000),
      },
      gains: {
        power: Math.round((next() - 0.4) * 9_000_000),
        kill_points: Math.round(kills / 3),
        kills_t4: Math.round(kills / 40),
        kills_t5: 0,
        deads: i === 3 ? null : Math.round(next() * 400_000),
      },
    }
  })
  return {
    league: { id, name, kind, status },
    state: 'live',
    sort_by: 'score',
    order: 'desc',
    as_of: iso(start + 20 * day),
    rows,
    pagination: { page: 1, limit: 50, total, pages: Math.ceil(total / 50) },
    ...more,
  }
}

export function samplePlayer(more: Partial<PlayerView> = {}): PlayerView {
  const { next } = randomFrom(7)
  const metrics = ['power', 'kill_points', 'kills_t4', 'deads']
  const history: PlayerView['history'] = Array.from({ length: 14 }, (_, i) => ({
    taken_at: iso(start + i * day),
    kind: i === 0 ? 'baseline' : 'current',
    score: i === 0 ? 0 : i * 1_234_567 + Math.round(next() * 900_000),
    metrics: Object.fromEntries(
      metrics.map((metric, m) => [
        metric,
        i === 5 && m === 3 ? null : Math.round(1_000_000 * (m + 1) + i * 120_000 * next() + i * 90_000),
      ]),
    ),
  }))
  return {
    player_id: '10007919',
    name: 'Björn Ærø',
    rank: 2,
    change: 3,
    score: 92_210_611,
    tier: 'elite',
    percentile: 99.88,
    metrics: Object.fromEntries(
      metrics.map((metric, m) => [
        metric,
        {
          current: 5_000_000 + m,
          baseline: m === 3 ? null : 4_000_000,
          gain: m === 3 ? null : 1_000_000 + m,
          rank: 2 + m * 11,
          percentile: 99.8 - m * 7.3,
        },
      ]),
    ),
    history,
    as_of: iso(start + 13 * day),
    ...more,
  }
}

export const sampleUpload = (more: Partial<UploadView> = {}): UploadView => ({
  taken_from: 'given',
  doubts: null,
  id: 31,
  league_id: 7,
  kind: 'current',
  mode: 'partial',
  filename: 'scan 2026-03-21 18-00.xlsx',
  bytes: 3_456_789,
  sha256: 'ab'.repeat(32),
  format: 'xlsx',
  worksheet: 'Kingdom 3584',
  status: 'done',
  rows_total: 1_251,
  rows_ok: 1_248,
  rows_bad: 3,
  taken_at: iso(start + 20 * day),
  created_at: iso(start + 20 * day + 3_600_000),
  finished_at: iso(start + 20 * day + 3_601_000),
  uploaded_by: 2,
  job_id: '01930000-0000-7000-8000-000000000031',
  error: null,
  mapping: {
    ID: 'player_id',
    Name: 'name',
    Power: 'power',
    Killpoints: 'kill_points',
    'T4 Kills': 'kills_t4',
    Deads: 'deads',
  },
  summary: {
    players: 1_248,
    new: 14,
    missing: 9,
    renamed: 5,
    suspicious: 2,
    duplicates: 1,
    warnings: ['No column is called kills_t5, which has a weight'],
  },
  ...more,
})

export const sampleUploads: UploadView[] = [
  sampleUpload({
    id: 35,
    status: 'running',
    rows_total: null,
    rows_ok: null,
    rows_bad: null,
    summary: null,
    finished_at: null,
  }),
  sampleUpload({
    id: 34,
    status: 'failed',
    error: 'No column holds ids: looked for ID, Governor ID, Player ID',
    filename: 'holiday photos.csv',
    rows_ok: null,
    rows_bad: null,
    rows_total: null,
    summary: null,
  }),
  sampleUpload(),
  sampleUpload({ id: 30, status: 'undone', filename: 'wrong server.csv', bytes: 812, rows_bad: 0 }),
  sampleUpload({ id: 29, kind: 'baseline', filename: 'baseline.csv', bytes: 220_000, rows_bad: 0 }),
]

export const uploadErrors: UploadErrors = {
  errors: [
    { line: 17, column: 'Power', value: 'n/a', reason: 'is not a number' },
    { line: 204, column: 'ID', value: '', reason: 'is empty' },
    { line: 1_003, column: 'Deads', value: hostile.script, reason: 'is not a number' },
  ],
  pagination: { page: 1, limit: 20, total: 3, pages: 1 },
}

export const sampleLeagues: LeagueView[] = [
  sampleLeague(),
  sampleLeague({ id: 8, name: 'The Masters pool', kind: 'tour', members: 48 }),
  sampleLeague({
    id: 9,
    name: 'Spring trading cup',
    kind: 'market',
    status: 'upcoming',
    members: 0,
    starts_at: iso(start + 90 * day),
    ends_at: iso(start + 150 * day),
  }),
  sampleLeague({
    id: 5,
    name: 'Northern War, season 3',
    status: 'final',
    finalized_at: iso(start - 30 * day),
    final_hash: 'cd'.repeat(32),
  }),
  sampleLeague({ id: 4, name: 'Winter open', kind: 'tour', status: 'ended', members: 9 }),
]

/** The effect of a changed config on one player. */
export const samplePreview = (name: string): ConfigPreview => ({
  players: 1,
  moved: 1,
  sort_by_before: 'score',
  sort_by: name,
  up: [
    {
      player_id: name,
      name,
      rank_before: 2,
      rank: 1,
      move: 1,
      score_before: 1,
      score: 2,
      tier_before: null,
      tier: name,
    },
  ],
  down: [],
  tiers_changed: 1,
  tiers: [{ from: null, to: name, players: 1 }],
  notes: [name],
})
