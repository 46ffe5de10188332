import type { feedFormats } from '../../../../db/schema.ts'
import type { FeedBoard } from './board.ts'
import { readDatagolf } from './datagolf.ts'
import { readEspn, readNextEspn } from './espn.ts'
import { readFieldhouse, readNextFieldhouse } from './fieldhouse.ts'

export type FeedFormat = (typeof feedFormats)[number]

type FeedParser = {
  /** `event` selects one of several events in an answer (ESPN only), by id or name. */
  read(json: unknown, event?: string): FeedBoard
  /** Coming events whose field is in the same answer. */
  readNext(json: unknown): FeedBoard[]
}

/** Every feed format: pure functions from its JSON to boards. They throw a ScoreFeedError that says where the JSON is invalid. */
export const feedParsers: Record<FeedFormat, FeedParser> = {
  fieldhouse: { read: readFieldhouse, readNext: readNextFieldhouse },
  datagolf: { read: readDatagolf, readNext: () => [] },
  espn: { read: readEspn, readNext: readNextEspn },
}
