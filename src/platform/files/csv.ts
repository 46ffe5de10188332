/** Separated values as spreadsheets take them: what they would take for a formula is written as text. */
import Papa from 'papaparse'

/** At the head of a file, else Excel takes it for another encoding. */
export const bom = '\uFEFF'

export const csvLines = (rows: readonly (readonly unknown[])[]): string =>
  `${Papa.unparse([...rows], { escapeFormulae: true, newline: '\r\n' })}\r\n`
