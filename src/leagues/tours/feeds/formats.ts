import type { FeedBoard } from './board.ts'
import { readDatagolf } from './datagolf.ts'
import { readEspn } from './espn.ts'
import { readFieldhouse } from './fieldhouse.ts'

/** Every feed format: one pure function from its JSON to a board. Throws a FeedError that says where the JSON is wrong. */
export const formats = {
  fieldhouse: readFieldhouse,
  datagolf: readDatagolf,
  espn: readEspn,
} satisfies Record<string, (json: unknown, event?: string) => FeedBoard>

export type FeedFormat = keyof typeof formats

/** `event` chooses among several events of one answer (ESPN only), by id or name. */
export const parseFeed = (format: FeedFormat, json: unknown, event?: string): FeedBoard => formats[format](json, event)
