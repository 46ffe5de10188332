import { isInCalendar, iso } from '../../../platform/clock.ts'
import { abridged } from '../../../platform/truncate.ts'
import {
  type FeedProblem,
  type Golfer,
  type GolferStatus,
  isOut,
  type Rating,
  type Rounds,
  ScoreFeedError,
} from './board.ts'
import { firstLast } from './names.ts'

/** A value in a feed's JSON that knows its path, so that errors can name it. */
export class JsonValue {
  constructor(
    readonly value: unknown,
    readonly path = '',
  ) {}

  /** The value below; absent if the parent is absent. */
  at(key: string): JsonValue {
    const below = isRecord(this.value) && Object.hasOwn(this.value, key) ? this.value[key] : undefined
    return new JsonValue(below, this.path ? `${this.path}.${key}` : key)
  }

  get absent(): boolean {
    return this.value === undefined || this.value === null
  }

  items(): JsonValue[] {
    if (!Array.isArray(this.value)) throw this.wrong('should be a list')
    return this.value.map((item, i) => new JsonValue(item, `${this.path}[${i}]`))
  }

  itemsIfAny(): JsonValue[] {
    return this.absent ? [] : this.items()
  }

  wrong(problem: string): ScoreFeedError {
    const seen = this.value === undefined ? '' : `, is ${abbreviated(this.value)}`
    return new ScoreFeedError(this.path, problem + seen)
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const abbreviated = (value: unknown) => {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object'
  return abridged(JSON.stringify(value) ?? String(value), 40)
}

const withoutInvisible = (text: string) =>
  text
    .toWellFormed()
    .normalize('NFC')
    .replace(/\p{Cf}/gu, '') // invisible characters; some change the text direction
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()

/** Absent and blank are null. Numbers are accepted as text: feeds are not strict about ids. */
export function textOf(place: JsonValue, longest = 200): string | null {
  if (place.absent) return null
  if (typeof place.value === 'number' && Number.isSafeInteger(place.value)) return String(place.value)
  if (typeof place.value !== 'string') throw place.wrong('should be a text')
  const read = withoutInvisible(place.value)
  if (read.length > longest) throw place.wrong(`should be at most ${longest} characters`)
  return read || null
}

export function requiredText(place: JsonValue, longest?: number): string {
  const read = textOf(place, longest)
  if (read === null) throw place.wrong('is missing')
  return read
}

export function parseName(place: JsonValue): string {
  const name = firstLast(requiredText(place))
  if (name === '') throw place.wrong('should be a name')
  return name
}

/** How feeds write "no value". */
const blankTexts = new Set(['', '-', '--', '–', '—', 'N/A'])

const isBlank = (place: JsonValue) =>
  place.absent || (typeof place.value === 'string' && blankTexts.has(place.value.trim()))

export function parseInteger(place: JsonValue, lowest: number, highest: number, what: string): number | null {
  if (isBlank(place)) return null
  const number = typeof place.value === 'string' ? decimal(place.value) : place.value
  if (typeof number !== 'number' || !Number.isInteger(number) || number < lowest || number > highest) {
    throw place.wrong(`should be ${what}`)
  }
  return number + 0 // -0 is 0
}

const decimal = (written: string) => {
  const plain = written.trim().replace('−', '-')
  return /^[+-]?\d+(\.0+)?$/.test(plain) ? Number(plain) : Number.NaN
}

/** Strokes to par: -7, "-7", "+3", "E". */
export function parseToPar(place: JsonValue): number | null {
  if (typeof place.value === 'string' && /^(e|even|par)$/i.test(place.value.trim())) return 0
  return parseInteger(place, -99, 199, 'strokes to par such as -7, "+3" or "E"')
}

/** Strokes of one round. Feeds write 0 for a round not played. */
function parseStrokes(place: JsonValue): number | null {
  return Number(place.value) === 0 ? null : parseInteger(place, 18, 199, 'the strokes of a round')
}

/** Holes completed: 0–18, or "F" for all of them; a tee time in this place means none yet. */
export function parseThru(place: JsonValue): number | null {
  const written = typeof place.value === 'string' ? place.value.trim().replace(/\*$/, '') : place.value // "7*": from the tenth tee
  if (written === 'F' || written === 'f') return 18
  if (typeof written === 'string' && /^\d{1,2}:\d\d\s*([ap]m)?$/i.test(written)) return 0
  return parseInteger(new JsonValue(written, place.path), 0, 18, 'holes from 0 to 18, or "F"')
}

export const parseRound = (place: JsonValue) => parseInteger(place, 1, 20, 'a round from 1')

/** Times without a zone are dropped with a note rather than guessed. */
export function parseInstant(place: JsonValue): string | null {
  const written = textOf(place)
  if (written === null) return null
  const at = /T.*(Z|[+-]\d\d:?\d\d)$/i.test(written) ? Date.parse(written) : Number.NaN
  if (!isInCalendar(at)) throw place.wrong('should be a time with a zone, such as 2026-05-14T07:40:00Z')
  return iso(at)
}

export const parseWorldRank = (place: JsonValue) => parseInteger(place, 1, 100_000, 'a rank from 1')

/** Decimal odds, what 1 pays: above 1. */
export function parseOdds(place: JsonValue): number | null {
  if (isBlank(place)) return null
  const odds = Number(place.value)
  if (!(odds > 1 && odds <= 10_000)) throw place.wrong('should be decimal odds such as 12.5')
  return Math.round(odds * 100) / 100
}

export const parsePosition = (place: JsonValue) => {
  const read = textOf(place, 12)
  return read === null || blankTexts.has(read) ? null : read.toUpperCase()
}

/** Words that feeds use instead of a position, a score or a status for a golfer who is out. */
const outWords = new Map<unknown, GolferStatus>([
  ['CUT', 'cut'],
  ['MC', 'cut'],
  ['MDF', 'cut'], // made the cut, did not finish: a second cut
  ['WD', 'wd'],
  ['W/D', 'wd'],
  ['WITHDRAWN', 'wd'],
  ['DNS', 'wd'],
  ['DQ', 'dq'],
  ['DSQ', 'dq'],
  ['DISQUALIFIED', 'dq'],
])

export const parseOutStatus = ({ value }: JsonValue): GolferStatus | null =>
  (typeof value === 'string' && outWords.get(value.trim().toUpperCase().replace('STATUS_', ''))) || null

/** Ten times the size of the largest real field. */
const maxGolfers = 2000

/** Parses leniently: an invalid field becomes null and is noted. */
export class ProblemNotes {
  readonly problems: FeedProblem[] = []

  tolerate<T>(read: () => T): T | null {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof ScoreFeedError)) throw error
      this.problems.push({ path: error.path, message: error.problem })
      return null
    }
  }

  rounds = (places: JsonValue[]): Rounds => {
    const [first, second, third, fourth] = places.map(place => this.tolerate(() => parseStrokes(place)))
    return [first ?? null, second ?? null, third ?? null, fourth ?? null]
  }

  /** Only golfers with a rating. Unreadable ids are noted with the golfers. */
  ratings(
    places: JsonValue[],
    idKey: string,
    read: (place: JsonValue) => Omit<Rating, 'player_id'>,
  ): { ratings?: Rating[] } {
    const ratings = places.flatMap(place => {
      const player_id = new ProblemNotes().tolerate(() => requiredText(place.at(idKey), 64))
      const rating = read(place)
      const isKnown = player_id !== null && (rating.rank !== null || rating.odds !== null)
      return isKnown ? [{ player_id, ...rating }] : []
    })
    return ratings.length > 0 ? { ratings } : {}
  }

  /** Parses each golfer separately: an invalid one is left out, so unknown, and noted. */
  golfers(places: JsonValue[], read: (place: JsonValue, notes: ProblemNotes) => Golfer): Golfer[] {
    if (places.length > maxGolfers)
      throw new ScoreFeedError('', `lists ${places.length} golfers, more than ${maxGolfers}`)
    const byId = new Map<string, Golfer>()
    for (const place of places) {
      const golfer = this.tolerate(() => read(place, this))
      if (!golfer) continue
      if (byId.has(golfer.player_id)) {
        this.problems.push({ path: place.path, message: `repeats golfer ${golfer.player_id}; the first one counts` })
      } else {
        byId.set(golfer.player_id, isOut(golfer) && neverPlayed(golfer) ? { ...golfer, total: null } : golfer)
      }
    }
    if (places.length > 0 && byId.size === 0) {
      const [first] = this.problems
      throw new ScoreFeedError(first?.path ?? '', `${first?.message}; no golfer can be read`)
    }
    return [...byId.values()]
  }
}

/** A golfer who withdrew before the first hole has no score; feeds show even par. */
const neverPlayed = ({ total, thru, rounds }: Golfer) =>
  total === 0 && thru === 0 && rounds.every(round => round === null)
