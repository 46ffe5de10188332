/** The mapping last chosen for sheets with certain headings, remembered for the league's next sheet with the same headings. */
import { and, eq } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { sheetMappings } from '../../../db/schema.ts'
import { preparedSql } from '../../../db/transactions.ts'
import type { App } from '../../context.ts'
import { ThreadError } from '../../platform/process/threads.ts'
import { headerKey, type Mapping } from './reading/headers.ts'
import type { PreviewInput, SheetPreview } from './reading/preview.ts'

/** Neither the order of columns nor the spelling of headings matters. Without `/`, as K/D was not told from KD when many were stored. */
const headingsKey = (headers: readonly string[]): string => {
  const keys = headers.filter(Boolean).map(header => headerKey(header).replaceAll('/', ''))
  return new Bun.CryptoHasher('sha256').update(JSON.stringify([...new Set(keys)].sort())).digest('hex')
}

export function rememberMapping(
  tx: Db,
  leagueId: number,
  headers: readonly string[],
  mapping: Mapping,
  now: number,
): void {
  const row = { leagueId, headings: headingsKey(headers), mapping, usedAt: now }
  tx.insert(sheetMappings)
    .values(row)
    .onConflictDoUpdate({ target: [sheetMappings.leagueId, sheetMappings.headings], set: { mapping, usedAt: now } })
    .run()
}

export const rememberedMapping = (db: Db, leagueId: number, headers: readonly string[]): Mapping | undefined =>
  db
    .select({ mapping: sheetMappings.mapping })
    .from(sheetMappings)
    .where(and(eq(sheetMappings.leagueId, leagueId), eq(sheetMappings.headings, headingsKey(headers))))
    .get()?.mapping

/** If there is none, the headings of a sheet need not be read first. */
export const hasRememberedMappings = (db: Db, leagueId: number): boolean => anyOfLeague(db).get(leagueId) !== null
const anyOfLeague = preparedSql<object, [leagueId: number]>('select 1 from sheet_mappings where league_id = ? limit 1')

/** The mapping to use for a sheet that came without one. */
export async function mappingFor(
  { db, sheets }: App,
  leagueId: number,
  input: PreviewInput,
): Promise<Mapping | undefined> {
  if (!hasRememberedMappings(db, leagueId)) return undefined
  const preview = await sheets.thread.run('preview', input).catch(error => {
    if (isSheetRefusal(error)) return undefined // the import gives a better message
    throw error
  })
  return preview && rememberedMapping(db, leagueId, headersOf(preview))
}

export const headersOf = ({ columns }: SheetPreview) => columns.map(({ header }) => header)

export const isSheetRefusal = (error: unknown): error is ThreadError =>
  error instanceof ThreadError && error.kind === 'SheetRefusal'
