/** CSV for spreadsheets: a cell that they would run as a formula is written as text. */
import Papa from 'papaparse'

/** Goes at the start of a file; without it Excel guesses another encoding. */
export const bom = '\uFEFF'

export const csvLines = (rows: readonly (readonly unknown[])[]): string =>
  `${Papa.unparse([...rows], { escapeFormulae: true, newline: '\r\n' })}\r\n`

export const csvDownload = (body: BodyInit, filename: string, headers: Record<string, string> = {}): Response =>
  new Response(body, {
    headers: {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="${filename}"`,
      ...headers,
    },
  })
