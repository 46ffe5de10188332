import { eventStates, golferStates } from '../../../../db/schema.ts'
import { type EventStatus, type FeedBoard, type Golfer, type GolferStatus, ScoreFeedError } from './board.ts'
import {
  JsonValue,
  ProblemNotes,
  parseInstant,
  parseName,
  parseOdds,
  parsePosition,
  parseRound,
  parseThru,
  parseToPar,
  parseWorldRank,
  requiredText,
  textOf,
} from './json-values.ts'

/** Our own format: see README.md in this folder. */
export function readFieldhouse(json: unknown): FeedBoard {
  const feed = new JsonValue(json)
  const event = feed.at('event')
  const notes = new ProblemNotes()
  return {
    event: {
      id: textOf(event.at('id'), 80),
      name: requiredText(event.at('name')),
      round: notes.tolerate(() => parseRound(event.at('round'))),
      status: knownWord<EventStatus>(event.at('status'), eventStates, 'in_progress'),
      version: textOf(event.at('version')),
    },
    golfers: notes.golfers(feed.at('golfers').items(), golfer),
    ...notes.ratings(feed.at('golfers').items(), 'id', place => ({
      rank: notes.tolerate(() => parseWorldRank(place.at('rank'))),
      odds: notes.tolerate(() => parseOdds(place.at('odds'))),
    })),
    problems: notes.problems,
  }
}

/** The next event with its field, if the feed has it. */
export function readNextFieldhouse(json: unknown): FeedBoard[] {
  const next = new JsonValue(json).at('next')
  return next.absent ? [] : [readFieldhouse(next.value)]
}

function golfer(place: JsonValue, notes: ProblemNotes): Golfer {
  const rounds = place.at('rounds')
  return {
    player_id: requiredText(place.at('id'), 64),
    name: parseName(place.at('name')),
    position: notes.tolerate(() => parsePosition(place.at('position'))),
    total: notes.tolerate(() => parseToPar(place.at('total'))),
    today: notes.tolerate(() => parseToPar(place.at('today'))),
    thru: notes.tolerate(() => parseThru(place.at('thru'))),
    round: notes.tolerate(() => parseRound(place.at('round'))),
    rounds: notes.rounds(notes.tolerate(() => rounds.itemsIfAny()) ?? []),
    status: knownWord<GolferStatus>(place.at('status'), golferStates, 'active'),
    tee_time: notes.tolerate(() => parseInstant(place.at('tee_time'))),
  }
}

/** An unknown status makes the golfer, or the feed, unreadable: guessing could finish a league early. */
function knownWord<T extends string>(place: JsonValue, words: readonly T[], otherwise: T): T {
  const read = textOf(place)
  if (read === null) return otherwise
  const word = words.find(known => known === read.toLowerCase())
  if (!word) throw new ScoreFeedError(place.path, `should be one of ${words.join(', ')}, is "${read}"`)
  return word
}
