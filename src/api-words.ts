/** The texts of the API page besides its operations: the introduction, the sections in a useful order, and examples. */
import { refusalList } from './errors.ts'
import type { ApiWords } from './platform/http/openapi.ts'

const about = `Keeps score for a community: sheets, live feeds and trades go in, ranked boards come out.

Boards are open to everybody unless the installation says otherwise. For the rest [get a key](/account) and send it as
\`Authorization: Bearer …\` (Authorize, below); signed in here, “Try it out” acts as you. [Recipes with curl](/help/api).

**Lists** answer \`{ <things>: […], pagination: { page, limit, total, pages } }\`. **Times** are ISO 8601 in UTC, **money** is whole cents in
fields that end in \`_cents\`. **Work that takes time** answers 202 with a \`job_id\`; its status and events say how far it is.

Every **refusal** is \`application/problem+json\` with a \`code\` for programs and a \`detail\` for people; bad input names each field in \`errors\`:

| code | status | meaning |
| --- | --- | --- |
${refusalList.map(({ code, status, title }) => `| \`${code}\` | ${status} | ${title} |`).join('\n')}
`

const sections = {
  leagues: 'Make leagues, join and leave them',
  leaderboard: 'Read boards, players, tiers and totals',
  uploads: 'Send sheets to a league, answer held ones, see which players changed',
  jobs: 'Follow, cancel and retry work that takes time',
  tours: 'Live score feeds and the fields of their events',
  entries: 'Picks of members in a tour league',
  market: 'Orders, portfolios, prices and corrections',
  rosters: 'Sites, people, shifts, rosters and your own shifts',
  search: 'Find players, leagues, symbols, tours, people and runs',
  stats: 'Statistics of the installation',
  accounts: 'Signing in, people, keys and invitations',
  admin: 'The monitor as an API; admins only',
  health: 'Probes and metrics',
  'older paths': 'Kept for older clients',
}

/** Example values by field name: the API page shows them for fields without an example of their own. */
const examples: Record<string, string | number> = {
  account: 'ann',
  action: 'league.create',
  algorithm: 'production',
  answer: 'publish',
  around: '10482',
  by: 'ann',
  certification: 'First aid',
  change: 3,
  code: 'not_found',
  columns: 'power,deads',
  country: 'DE',
  coverage: 0.97,
  created_by: 'ann',
  csrf_token: 'q3x0Zk1rT2s',
  current_password: 'the one until now',
  date: '2026-11-30',
  detail: 'There is no league 7',
  email: 'ann@example.org',
  end: '2026-12-06',
  end_date: '2026-12-06',
  error: 'Line 12: "power" is not a number',
  event: 'Northern Open',
  expiration: '2026-12-18',
  feed_url: 'https://feeds.example.org/pga.json',
  filename: 'scan 2026-11-28.csv',
  fingerprint: '3f9ad2c1',
  from: '2026-11-30',
  gap: 0.02,
  goal: 1_000_000,
  hint: 'Did you mean “power”?',
  id: 7,
  job_id: '01a223b2-df27-7285-958b-620002f48bb7',
  key: 'fh_3kq…',
  kind: 'late',
  label: 'alliance:ABC',
  labels: 'ABC',
  league_id: 7,
  limit: 20,
  mapping: '{"Name":"name","T4 Kills":"t4_kills"}',
  message: 'Board published: 1,204 players',
  monday: '2026-11-30',
  name: 'Northern season',
  new_password: 'a longer one than before',
  note: 'Farm account of Ann',
  order: 'desc',
  page: 1,
  pages: 61,
  password: 'correct horse battery',
  path: 'config.weights',
  picks: '4375',
  player: 'Ann',
  player_id: '10482',
  players: 1204,
  poll_url: '/api/v1/jobs/status/01a223b2-df27-7285-958b-620002f48bb7',
  progress: 40,
  q: 'ann',
  queue: 'quick',
  rank: 3,
  reason: 'Called in sick',
  request_id: 'AaIjn-JtdU6XbCCryuio1w-4',
  role: 'member',
  route: 'GET /api/v1/leagues/:id/leaderboard',
  rule: 'rest',
  schedule: '20 * * * *',
  score: 1_250_300,
  site: 'Riverside',
  skill: 'bar',
  skills: 'bar',
  slug: 'pga',
  sort: 'power.gain',
  sort_by: 'power.gain',
  stage: 'scoring',
  start: '2026-11-30',
  start_date: '2026-11-30',
  status: 'SUCCESS',
  status_message: 'Reading row 40,000 of 100,000',
  symbol: 'ACME',
  task: 'sheets.import',
  text: 'Board published',
  tier: 'Elite',
  timezone: 'Europe/Berlin',
  title: 'A feed is down',
  to: '2026-12-06',
  token: 'b1Zc0p…',
  total: 1204,
  tour: 'pga',
  type: 'https://example.org/problems/not_found',
  url: 'https://example.org/invite#b1Zc0p',
  user: 'ann',
  username: 'ann',
  webhook_url: 'https://discord.com/api/webhooks/1/abc',
  weekday: 6,
}

export const apiWords: ApiWords = { about, sections, examples }
