import type { EventStatus, FeedBoard, Golfer, Rating } from './board.ts'
import {
  JsonValue,
  ProblemNotes,
  parseName,
  parseOutStatus,
  parsePosition,
  parseRound,
  parseThru,
  parseToPar,
  requiredText,
  textOf,
} from './json-values.ts'

/** DataGolf's in-play feed: `preds/in-play`. It never says that an event is over, so leagues on it finish by time. */
export function readDatagolf(json: unknown): FeedBoard {
  const feed = new JsonValue(json)
  const info = feed.at('info')
  const notes = new ProblemNotes()
  const round = notes.tolerate(() => parseRound(info.at('current_round')))
  const golfers = notes.golfers(feed.at('data').items(), place => golfer(place, notes, round))
  return {
    event: {
      id: null,
      name: requiredText(info.at('event_name')),
      round,
      status: statusOf(golfers, round),
      version: textOf(info.at('last_update')),
    },
    golfers,
    ...notes.ratings(feed.at('data').items(), 'dg_id', rating),
    problems: notes.problems,
  }
}

/** The feed contains a golfer's chance of winning, from 0 to 1. */
function rating(place: JsonValue): Omit<Rating, 'player_id'> {
  const chance = Number(place.at('win').value)
  const odds = chance > 0 && chance < 1 ? Math.min(10_000, Math.round(10 / chance) / 10) : null
  return { rank: null, odds: odds !== null && odds > 1 ? odds : null }
}

function golfer(place: JsonValue, notes: ProblemNotes, eventRound: number | null): Golfer {
  const position = notes.tolerate(() => parsePosition(place.at('current_pos')))
  const holes = notes.tolerate(() => parseThru(place.at('thru')))
  const round = notes.tolerate(() => parseRound(place.at('round')))
  const rounds = notes.rounds(['R1', 'R2', 'R3', 'R4'].map(key => place.at(key)))
  const isRoundPlayed = round !== null && (rounds[round - 1] ?? null) !== null
  return {
    player_id: requiredText(place.at('dg_id'), 64),
    name: parseName(place.at('player_name')),
    position,
    total: notes.tolerate(() => parseToPar(place.at('current_score'))),
    today: notes.tolerate(() => parseToPar(place.at('today'))),
    thru: isRoundPlayed ? 18 : holes, // golfers who are cut are shown thru 0 of the last round they played
    round,
    rounds,
    status:
      parseOutStatus(place.at('current_pos')) ??
      (missedCut() ? 'cut' : round === 4 && rounds[3] !== null ? 'finished' : 'active'),
    tee_time: null,
  }

  // After a cut the feed may keep an old position on those who missed it. `make_cut` is a probability, never a status,
  // but exactly 0 once the weekend has begun leaves no doubt.
  function missedCut() {
    return (eventRound ?? 0) > 2 && round !== null && round < (eventRound ?? 0) && place.at('make_cut').value === 0
  }
}

function statusOf(golfers: Golfer[], round: number | null): EventStatus {
  const playing = golfers.filter(({ status }) => status === 'active' || status === 'finished')
  if ((round ?? 1) === 1 && playing.every(({ thru, rounds }) => !thru && rounds[0] === null)) return 'upcoming'
  const roundIsDone = playing.every(golfer => golfer.thru === 18 && golfer.round === round)
  return roundIsDone ? 'round_complete' : 'in_progress'
}
