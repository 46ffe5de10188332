import type { FeedFormat } from '../src/leagues/tours/feeds/formats.ts'
import { boardOf, fullName, type GolferStanding, pars, roundStrokes, type TournamentState } from './fake-tournament.ts'

type TimeOf = (minute: number) => string

/** The JSON of each feed, in its real shape. */
export const fakeFormats: Record<FeedFormat, (now: TournamentState, timeOf: TimeOf) => unknown> = {
  fieldhouse,
  datagolf,
  espn,
}

/** Changes exactly when the tournament does. */
const versionOf = ({ holes, status }: TournamentState) => `${holes} holes, ${status}`

function fieldhouse(state: TournamentState, timeOf: TimeOf) {
  const { event, golfers } = boardOf(state, timeOf)
  return {
    event: { ...event, version: versionOf(state) },
    golfers: golfers.map(({ player_id, ...golfer }, i) => ({
      id: player_id,
      ...golfer,
      rank: rankOf(i, golfers.length),
      odds: oddsOf(i, golfers.length),
    })),
  }
}

/** Ranks do not follow the order of the list. */
const rankOf = (i: number, all: number) => ((i * 7) % all) + 1
const oddsOf = (i: number, all: number) => 4 + rankOf(i, all) * 1.5

function datagolf(state: TournamentState) {
  return {
    data: state.standings.map((standing, i, all) => ({
      R1: roundStrokes(standing, 1),
      R2: roundStrokes(standing, 2),
      R3: roundStrokes(standing, 3),
      R4: roundStrokes(standing, 4),
      country: 'XXX',
      course: 'CL',
      current_pos: standing.position,
      current_score: standing.total,
      dg_id: standing.player.id,
      end_hole: standing.rounds.at(-1)?.startHole === 10 ? 9 : 18,
      make_cut: standing.status === 'active' || standing.status === 'finished' ? 1 : 0,
      player_name: `${[standing.player.last, standing.player.suffix].filter(Boolean).join(' ')}, ${standing.player.first}`,
      round: standing.round,
      thru: standing.thru,
      today: standing.rounds.at(-1)?.toPar ?? 0,
      top_10: 0.1,
      top_20: 0.2,
      top_5: 0.05,
      win: 1 / oddsOf(i, all.length),
    })),
    info: { current_round: state.round, dead_heat_rules: 'no', event_name: state.name, last_update: versionOf(state) },
  }
}

const espnStatus = {
  upcoming: { id: '1', name: 'STATUS_SCHEDULED', state: 'pre', completed: false, description: 'Scheduled' },
  in_progress: { id: '2', name: 'STATUS_IN_PROGRESS', state: 'in', completed: false, description: 'In Progress' },
  suspended: { id: '7', name: 'STATUS_SUSPENDED', state: 'in', completed: false, description: 'Suspended' },
  round_complete: {
    id: '48',
    name: 'STATUS_PLAY_COMPLETE',
    state: 'in',
    completed: false,
    description: 'Play Complete',
  },
  official: { id: '3', name: 'STATUS_FINAL', state: 'post', completed: true, description: 'Final' },
  cancelled: { id: '5', name: 'STATUS_CANCELED', state: 'post', completed: false, description: 'Canceled' },
}

function espn(state: TournamentState) {
  const type = espnStatus[state.status]
  const ordered = state.standings.toSorted((a, b) => a.total - b.total)
  const competitors = ordered.map((standing, i) => ({
    id: String(standing.player.id),
    uid: `s:1100~l:1106~a:${standing.player.id}`,
    type: 'athlete',
    order: i + 1,
    athlete: { fullName: fullName(standing.player), displayName: fullName(standing.player) },
    score: toParText(standing.total),
    linescores: linescores(standing, state.round),
    statistics: [],
  }))
  return {
    leagues: [{ id: '1106', name: 'PGA TOUR', abbreviation: 'PGA', slug: 'pga' }],
    season: { type: 2, year: 2026 },
    events: [
      {
        id: 'coastal',
        name: state.name,
        shortName: state.name,
        competitions: [{ id: 'coastal', competitors, status: { period: state.round, type } }],
        status: { type },
      },
    ],
  }
}

function linescores({ rounds, status }: GolferStanding, round: number) {
  const lines = rounds
    .filter(({ strokes }) => strokes.length > 0)
    .map(({ startHole, strokes, toPar }, i) => ({
      value: strokes.reduce((total, stroke) => total + stroke, 0),
      displayValue: toParText(toPar),
      period: i + 1,
      linescores: strokes.map((stroke, index) => {
        const hole = (startHole - 1 + index) % 18
        const scoreType = { displayValue: toParText(stroke - (pars[hole] ?? 0)) }
        return { value: stroke, displayValue: String(stroke), period: hole + 1, scoreType }
      }),
    }))
  const isWaiting = status === 'active' && lines.length < round
  return isWaiting ? [...lines, { period: round }] : lines
}

const toParText = (total: number) => (total === 0 ? 'E' : total > 0 ? `+${total}` : String(total))
