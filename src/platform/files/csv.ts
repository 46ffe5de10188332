/** CSV for spreadsheets: a cell that they would run as a formula is written as text. */
import Papa from 'papaparse'

/** Goes at the start of a file; without it Excel guesses another encoding. */
export const bom = '\uFEFF'

export const csvLines = (rows: readonly (readonly unknown[])[]): string =>
  `${Papa.unparse([...rows], { escapeFormulae: true, newline: '\r\n' })}\r\n`
