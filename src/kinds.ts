/** Where scores come from: every kind of league. */
import type { Kinds } from './leagues/kinds.ts'
import { marketLeague } from './leagues/market/kind.ts'
import { sheetLeague } from './leagues/sheets/kind.ts'
import { tourLeague } from './leagues/tours/kind.ts'

export const kinds: Kinds = {
  sheet: sheetLeague,
  tour: tourLeague,
  market: marketLeague,
}
