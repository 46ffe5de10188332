import type { EventStatus, FeedBoard, Golfer, GolferStatus } from '../src/leagues/tours/feeds/board.ts'
import { type Random, randomFrom } from './random.ts'

/**
 * A tournament that is the same for the same seed. All strokes are decided when it is made; the standings are a function of the
 * minute, which counts simulated minutes from the first tee time.
 */
export type Tournament = { name: string; players: Player[]; cutAt: number; length: number }

type Player = {
  id: number
  first: string
  last: string
  suffix: string
  rounds: Round[]
  leaves: { status: 'cut' | 'wd' | 'dq'; afterHoles: number } | null
}
type Round = { tee: number; startHole: 1 | 10; strokes: number[] }

export const pars = [4, 4, 3, 5, 4, 4, 3, 4, 5, 4, 4, 5, 3, 4, 4, 3, 4, 5]
const minutesAHole = 14
const night = 30
const minutesToOfficial = 15

export function makeTournament(seed: number, size: number): Tournament {
  const random = randomFrom(seed)
  const players: Player[] = makeNames(size, random).map(([first, last, suffix], i) => ({
    id: 10_000 + i * 37,
    first,
    last,
    suffix,
    rounds: [],
    leaves: null,
  }))
  const [absent, withdrawn, disqualified] = players.slice(-3)
  if (absent) absent.leaves = { status: 'wd', afterHoles: 0 }
  if (withdrawn) withdrawn.leaves = { status: 'wd', afterHoles: 13 }
  if (disqualified) disqualified.leaves = { status: 'dq', afterHoles: 36 }

  let startsAt = 0
  let cutAt = 0
  for (let round = 1; round <= 4; round++) {
    const stillIn = players.filter(({ leaves }) => leaves === null || leaves.afterHoles > (round - 1) * 18)
    // Leaders tee off last on the weekend.
    if (round > 2) stillIn.sort((a, b) => strokesToPar(b) - strokesToPar(a))
    stillIn.forEach((player, i) => {
      const group = Math.floor(i / 3)
      player.rounds.push({
        tee: startsAt + Math.floor(group / 2) * 11,
        startHole: group % 2 === 0 ? 1 : 10,
        strokes: pars.map(par => par + strokesOverPar(random)),
      })
    })
    const endsAt = Math.max(...stillIn.map(({ rounds }) => (rounds.at(-1)?.tee ?? 0) + 18 * minutesAHole))
    if (round === 2) {
      applyCut(players)
      cutAt = endsAt
    }
    startsAt = endsAt + night
  }
  return { name: 'Coastal Open', players, cutAt, length: startsAt - night }
}

/** The better half plays on, including ties. */
function applyCut(players: Player[]): void {
  const stillIn = players.filter(({ leaves }) => leaves === null)
  const totals = stillIn.map(strokesToPar).sort((a, b) => a - b)
  const line = totals[Math.ceil(totals.length / 2) - 1] ?? 0
  for (const player of stillIn) if (strokesToPar(player) > line) player.leaves = { status: 'cut', afterHoles: 36 }
}

function strokesOverPar({ next }: Random): number {
  const luck = next()
  if (luck < 0.01) return -2
  if (luck < 0.22) return -1
  if (luck < 0.82) return 0
  return luck < 0.97 ? 1 : 2
}

const firsts =
  'Åke Conor Émile Hiroshi Jan João José Kwame Lars Liam Måns Marco Mateo Nils Oskar Pablo Piotr Rafa Séan Si-Woo Tomás Tyler Viktor Zoltán'
const lasts =
  'Abernathy|Åkesson|Björklund|Castellanos|Dumont de Marsac|Ferreira|Grünewald|Hallworth|Ishikari|Jónsson|Kowalczyk|Lindqvist|Marchetti|Núñez|O’Shea|Petrov|Quayle|Rasmussen|Schäfer|Tanaka-Reid|van der Berg|Wexford'

function makeNames(size: number, { below }: Random): Array<[first: string, last: string, suffix: string]> {
  const all = firsts.split(' ').flatMap(first => lasts.split('|').map(last => [first.replace('-', ' '), last] as const))
  return Array.from({ length: Math.min(size, all.length) }, (_, i) => {
    const [[first, last] = ['Nemo', 'Nemo']] = all.splice(below(all.length), 1)
    return [first, last, i % 16 === 5 ? 'Jr.' : i % 16 === 11 ? 'III' : '']
  })
}

const strokesToPar = ({ rounds }: Player) => rounds.reduce((total, { strokes }) => total + toPar(strokes, 1), 0)

const toPar = (strokes: number[], startHole: number) =>
  strokes.reduce((total, stroke, i) => total + stroke - (pars[(startHole - 1 + i) % 18] ?? 0), 0)

/** The standing of a golfer, from which feeds are rendered. */
export type GolferStanding = {
  player: Player
  status: GolferStatus
  position: string | null
  total: number
  /** Rounds that have started, with the strokes of the holes played so far. */
  rounds: Array<{ startHole: number; strokes: number[]; toPar: number }>
  /** The current or the last round of the golfer. */
  round: number
  thru: number
  /** Minute of the next tee time, or of the tee time of the current round. */
  tee: number | null
}

export type TournamentState = {
  name: string
  round: number
  status: EventStatus
  standings: GolferStanding[]
  /** Holes completed by everyone. */
  holes: number
}

export function standingsAt(tournament: Tournament, minute: number): TournamentState {
  const standings = tournament.players.map(player => standingOf(player, minute, minute >= tournament.cutAt))
  const startedRounds = tournament.players.flatMap(({ rounds }) =>
    rounds.flatMap(({ tee }, i) => (tee <= minute ? i + 1 : [])),
  )
  const round = Math.max(1, ...startedRounds)
  const isPlaying = standings.some(
    ({ status, thru, round: golferRound }) => status === 'active' && golferRound === round && thru < 18,
  )
  const status = startedRounds.length === 0 ? 'upcoming' : isPlaying ? 'in_progress' : 'round_complete'
  const isOfficial = minute >= tournament.length + minutesToOfficial
  setPositions(standings)
  const holes = standings.flatMap(({ rounds }) => rounds.flatMap(({ strokes }) => strokes)).length
  return { name: tournament.name, round, status: isOfficial ? 'official' : status, standings, holes }
}

function standingOf(player: Player, minute: number, isCutMade: boolean): GolferStanding {
  const limit = player.leaves?.afterHoles ?? 72
  const rounds = player.rounds
    .filter(({ tee }) => tee <= minute)
    .map(({ tee, startHole, strokes }, i) => {
      const holes = Math.max(0, Math.min(18, Math.floor((minute - tee) / minutesAHole), limit - i * 18))
      const strokesPlayed = strokes.slice(0, holes)
      return { startHole, strokes: strokesPlayed, toPar: toPar(strokesPlayed, startHole) }
    })
  const thru = rounds.at(-1)?.strokes.length ?? 0
  const holes = Math.max(0, rounds.length - 1) * 18 + thru
  const hasLeft = holes >= limit && minute >= 0 && (player.leaves?.status !== 'cut' || isCutMade)
  const statusIfIn = holes === 72 ? 'finished' : 'active'
  return {
    player,
    status: hasLeft && player.leaves ? player.leaves.status : statusIfIn,
    position: null,
    total: rounds.reduce((total, round) => total + round.toPar, 0),
    rounds,
    round: Math.max(1, rounds.length),
    thru,
    tee: (thru === 18 ? player.rounds[rounds.length] : player.rounds[Math.max(0, rounds.length - 1)])?.tee ?? null,
  }
}

function setPositions(standings: GolferStanding[]): void {
  const totals = standings
    .filter(({ status }) => status === 'active' || status === 'finished')
    .map(({ total }) => total)
  for (const standing of standings) {
    const better = totals.filter(total => total < standing.total).length
    const equal = totals.filter(total => total === standing.total).length
    const isStillIn = standing.status === 'active' || standing.status === 'finished'
    standing.position = isStillIn ? `${equal > 1 ? 'T' : ''}${better + 1}` : standing.status.toUpperCase()
  }
}

export const fullName = ({ first, last, suffix }: Player) => [first, last, suffix].filter(Boolean).join(' ')

/** The board as read from a perfect feed. */
export function boardOf(
  { name, round, status, standings }: TournamentState,
  timeOf: (minute: number) => string,
): FeedBoard {
  const golfers = standings.map(
    (standing): Golfer => ({
      player_id: String(standing.player.id),
      name: fullName(standing.player),
      position: standing.position,
      total: standing.status === 'wd' && standing.rounds.length === 0 ? null : standing.total,
      today: standing.rounds.at(-1)?.toPar ?? 0,
      thru: standing.thru,
      round: standing.round,
      rounds: [
        roundStrokes(standing, 1),
        roundStrokes(standing, 2),
        roundStrokes(standing, 3),
        roundStrokes(standing, 4),
      ],
      status: standing.status,
      tee_time: standing.tee === null ? null : timeOf(standing.tee),
    }),
  )
  return { event: { id: 'coastal', name, round, status, version: null }, golfers, problems: [] }
}

/** Strokes of a complete round; null before that. */
export function roundStrokes({ rounds }: GolferStanding, round: number): number | null {
  const strokes = rounds[round - 1]?.strokes ?? []
  return strokes.length === 18 ? strokes.reduce((total, stroke) => total + stroke, 0) : null
}
