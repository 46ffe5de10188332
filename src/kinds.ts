/** Where scores come from: every kind of league. */
import type { Kinds } from './leagues/kinds.ts'
import { marketLeague } from './market/kind.ts'
import { sheetLeague } from './sheets/kind.ts'
import { tourLeague } from './tours/kind.ts'

export const kinds: Kinds = {
  sheet: sheetLeague,
  tour: tourLeague,
  market: marketLeague,
}
