import type { FeedBoard } from './board.ts'
import { readDatagolf } from './datagolf.ts'
import { readEspn, readNextEspn } from './espn.ts'
import { readFieldhouse, readNextFieldhouse } from './fieldhouse.ts'

/** Every feed format: one pure function from its JSON to a board. Throws a ScoreFeedError that says where the JSON is invalid. */
const feedParsers = {
  fieldhouse: readFieldhouse,
  datagolf: readDatagolf,
  espn: readEspn,
} satisfies Record<string, (json: unknown, event?: string) => FeedBoard>

export type FeedFormat = keyof typeof feedParsers

/** `event` selects one of several events in an answer (ESPN only), by id or name. */
export const parseFeed = (format: FeedFormat, json: unknown, event?: string): FeedBoard =>
  feedParsers[format](json, event)

const nextEvents = {
  fieldhouse: readNextFieldhouse,
  datagolf: () => [],
  espn: readNextEspn,
} satisfies Record<FeedFormat, (json: unknown) => FeedBoard[]>

/** Coming events whose field is in the same answer. */
export const parseNextEvents = (format: FeedFormat, json: unknown): FeedBoard[] => nextEvents[format](json)
