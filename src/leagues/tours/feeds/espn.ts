import { type EventStatus, type FeedBoard, type Golfer, type GolferStatus, ScoreFeedError } from './board.ts'
import {
  JsonValue,
  ProblemNotes,
  parseInstant,
  parseInteger,
  parseName,
  parseOutStatus,
  parsePosition,
  parseRound,
  parseThru,
  parseToPar,
  requiredText,
  textOf,
} from './json-values.ts'

/**
 * ESPN's golf scoreboard. A round is a linescore, `{period, value: strokes so far, displayValue: to par, linescores: holes}`;
 * a round not played yet has only its period, or value 0 and "-". The scoreboard does not say which golfers are out: once the
 * weekend has started, a golfer without a linescore for the current round is out. ESPN's leaderboard, which adds a `status` to
 * each golfer, is parsed too.
 */
export function readEspn(json: unknown, wanted?: string): FeedBoard {
  const event = chooseEvent(new JsonValue(json).at('events').items(), wanted)
  const [competition] = event.at('competitions').items()
  if (!competition) throw new ScoreFeedError(event.at('competitions').path, 'is empty')
  const status = competition.at('status').absent ? event.at('status') : competition.at('status')
  const notes = new ProblemNotes()

  const places = competition.at('competitors').itemsIfAny()
  const period = notes.tolerate(() => parseRound(status.at('period')))
  const play: Play = {
    status: eventStatus(status.at('type')),
    round: period === null ? null : Math.min(period, 4), // a play-off is period 5
    begun: latestRound(places),
  }
  return {
    event: {
      id: textOf(event.at('id'), 80),
      name: requiredText(event.at('name')),
      round: play.round ?? (play.begun || null),
      status: play.status,
      version: null,
    },
    golfers: notes.golfers(places, place => golfer(place, notes, play)),
    problems: notes.problems,
  }
}

/** Coming events that already list their field. */
export const readNextEspn = (json: unknown): FeedBoard[] =>
  new JsonValue(json)
    .at('events')
    .items()
    .filter(event => event.at('status').at('type').at('state').value === 'pre')
    .map(event => readEspn(json, requiredText(event.at(event.at('id').absent ? 'name' : 'id'))))
    .filter(({ golfers }) => golfers.length > 0)

/** Two events may be on in one week: takes the one asked for by id or name, else the first in progress, else the first. */
function chooseEvent(events: JsonValue[], wanted: string | undefined): JsonValue {
  const [first] = events
  if (!first) throw new ScoreFeedError('events', 'lists no event')
  if (wanted === undefined)
    return events.find(event => event.at('status').at('type').at('state').value === 'in') ?? first
  const called = wanted.toLowerCase()
  const found = events.find(event =>
    [event.at('id'), event.at('name')].some(key => textOf(key)?.toLowerCase() === called),
  )
  if (!found) throw new ScoreFeedError('events', `lists no event "${wanted}"`)
  return found
}

function eventStatus(type: JsonValue): EventStatus {
  const name = textOf(type.at('name')) ?? ''
  if (/CANCEL|POSTPONE|ABANDON/.test(name)) return 'cancelled'
  if (/SUSPEND|DELAY/.test(name)) return 'suspended'
  if (name === 'STATUS_PLAY_COMPLETE') return 'round_complete'
  if (name === 'STATUS_FINAL' || type.at('completed').value === true) return 'official'
  return type.at('state').value === 'pre' ? 'upcoming' : 'in_progress'
}

/** The state of the event; `begun` is the latest round in which anyone has a stroke. */
type Play = { status: EventStatus; round: number | null; begun: number }

type Line = { period: number; strokes: number | null; toPar: number | null; holes: number }

const hasStrokes = (line: Line) => line.strokes !== null

function latestRound(competitors: JsonValue[]): number {
  let latest = 0
  for (const competitor of competitors) {
    for (const line of linesOf(competitor, new ProblemNotes()))
      if (hasStrokes(line)) latest = Math.max(latest, line.period)
  }
  return latest
}

function linesOf(competitor: JsonValue, notes: ProblemNotes): Line[] {
  const lines = notes.tolerate(() => competitor.at('linescores').itemsIfAny()) ?? []
  return lines
    .map(place => notes.tolerate(() => line(place, competitor.at('status'))))
    .filter(line => line !== null)
    .filter(({ period }) => period <= 4)
}

function line(place: JsonValue, status: JsonValue): Line {
  const period = parseRound(place.at('period'))
  if (period === null) throw place.at('period').wrong('is missing')
  const strokes = parseInteger(place.at('value'), 0, 199, 'strokes') || null
  const holes = place.at('linescores').itemsIfAny().length
  const isCurrent = status.at('period').value === period
  return {
    period,
    strokes,
    toPar: strokes === null ? null : parseToPar(place.at('displayValue')),
    // If holes are not listed, the golfer's status says it; a round before the current one is complete.
    holes: strokes === null ? 0 : holes || (isCurrent ? parseThru(status.at('thru')) : null) || 18,
  }
}

function golfer(place: JsonValue, notes: ProblemNotes, play: Play): Golfer {
  const athlete = place.at('athlete').absent ? place.at('team') : place.at('athlete')
  const score = place.at('score').at('displayValue').absent ? place.at('score') : place.at('score').at('displayValue')
  const lines = linesOf(place, notes)
  const latest = lines.findLast(hasStrokes)
  const isFirstRound = play.status === 'upcoming' || play.round === 1
  const status =
    parseOutStatus(place.at('status').at('type').at('name')) ?? parseOutStatus(score) ?? statusFromLines(lines, play)
  const whole = (round: number) => lines.find(line => line.period === round && line.holes === 18)?.strokes ?? null
  return {
    player_id: requiredText(place.at('id').absent ? athlete.at('id') : place.at('id'), 64),
    name: parseName(athlete.at('displayName').absent ? athlete.at('fullName') : athlete.at('displayName')),
    position: notes.tolerate(() => parsePosition(place.at('status').at('position').at('displayName'))),
    total: parseOutStatus(score) ? sumOf(lines) : notes.tolerate(() => parseToPar(score)),
    today: latest?.toPar ?? null,
    thru: latest?.holes ?? (isFirstRound || status !== 'active' ? 0 : null),
    round: latest?.period ?? (isFirstRound ? 1 : null),
    rounds: [whole(1), whole(2), whole(3), whole(4)],
    status,
    tee_time: notes.tolerate(() => parseInstant(place.at('status').at('teeTime'))),
  }
}

/** The total of golfers whose score is replaced by a word such as CUT. */
function sumOf(lines: Line[]): number | null {
  const rounds = lines.filter(hasStrokes).map(line => line.toPar)
  return rounds.length > 0 && rounds.every(toPar => toPar !== null)
    ? rounds.reduce((total, toPar) => total + toPar, 0)
    : null
}

function statusFromLines(lines: Line[], { status, round, begun }: Play): GolferStatus {
  const played = lines.filter(hasStrokes)
  const weekendIsOn = round !== null && round > 2 && begun >= round
  if (weekendIsOn && !lines.some(({ period }) => period >= round)) {
    return played.length >= 2 && played.every(({ holes }) => holes === 18) ? 'cut' : 'wd'
  }
  return status === 'official' || played.some(({ period, holes }) => period === 4 && holes === 18)
    ? 'finished'
    : 'active'
}
