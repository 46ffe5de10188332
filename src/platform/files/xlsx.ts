/** Writes an Excel workbook of one sheet as a stream: a million rows take the memory of a few. */

import { escaped } from '../html.ts'
import { truncate } from '../truncate.ts'
import { zipOf } from './zip-writer.ts'

export type Cell = string | number | null

/** The most an Excel sheet can hold, its heading included. */
const maxRows = 1_048_576
/** Each takes some 50 bytes before compression, and the archive holds at most 4 GB. */
const maxCells = 60_000_000
export const fitsWorkbook = (rows: number, columns: number) => rows < maxRows && rows * columns <= maxCells
const maxCellLength = 32_767 // characters

const encoder = new TextEncoder()
const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
const mainNamespace = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const relationsNamespace = 'http://schemas.openxmlformats.org/package/2006/relationships'
const officeNamespace = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const contentTypes = 'application/vnd.openxmlformats-officedocument.spreadsheetml'

/** Text cells stay text, whatever they look like. The first row is the heading: bold, and frozen in place. */
export function workbookOf(
  title: string,
  heading: readonly string[],
  slices: Iterable<Cell[][]> | AsyncIterable<Cell[][]>,
): AsyncGenerator<Uint8Array> {
  const name = sheetNameOf(title)
  const parts = {
    '[Content_Types].xml': `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${contentTypes}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${contentTypes}.styles+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${contentTypes}.worksheet+xml"/></Types>`,
    '_rels/.rels': `<Relationships xmlns="${relationsNamespace}"><Relationship Id="rId1" Type="${officeNamespace}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    'xl/workbook.xml': `<workbook xmlns="${mainNamespace}" xmlns:r="${officeNamespace}"><sheets><sheet name="${cellText(name)}" sheetId="1" r:id="rId1"/></sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `<Relationships xmlns="${relationsNamespace}"><Relationship Id="rId1" Type="${officeNamespace}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${officeNamespace}/styles" Target="styles.xml"/></Relationships>`,
    'xl/styles.xml': `<styleSheet xmlns="${mainNamespace}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf xfId="0"/><xf xfId="0" fontId="1" applyFont="1"/></cellXfs></styleSheet>`,
  }
  return zipOf([
    ...Object.entries(parts).map(([name, xml]) => ({ name, content: [encoder.encode(declaration + xml)] })),
    { name: 'xl/worksheets/sheet1.xml', content: sheetOf(heading, slices) },
  ])
}

/** Excel refuses some characters, a quote at either end, and one name. */
function sheetNameOf(title: string): string {
  const name = truncate(title.replaceAll(/[*?:/\\[\]]/g, ' '), 31).replaceAll(/^['\s]+|['\s]+$/g, '')
  return name === '' || /^history$/i.test(name) ? 'Sheet' : name
}

async function* sheetOf(heading: readonly string[], slices: Iterable<Cell[][]> | AsyncIterable<Cell[][]>) {
  const letters = heading.map((_, column) => lettersOf(column))
  const row = (cells: readonly Cell[], number: number, style = '') =>
    `<row r="${number}">${cells.map((cell, i) => cellOf(cell, `${letters[i]}${number}`, style)).join('')}</row>`
  yield encoder.encode(
    `${declaration}<worksheet xmlns="${mainNamespace}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>${row(heading, 1, ' s="1"')}`,
  )
  let number = 1
  for await (const rows of slices) yield encoder.encode(rows.map(cells => row(cells, ++number)).join(''))
  yield encoder.encode('</sheetData></worksheet>')
}

function cellOf(cell: Cell, reference: string, style: string): string {
  if (cell === null) return ''
  if (typeof cell === 'number' && Number.isFinite(cell)) return `<c r="${reference}"${style}><v>${cell}</v></c>`
  return `<c r="${reference}"${style} t="inlineStr"><is><t xml:space="preserve">${cellText(String(cell))}</t></is></c>`
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: those that XML cannot hold are left out
const unwritable = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/gu
const cellText = (text: string) => escaped(text.slice(0, maxCellLength).replaceAll(unwritable, ''))

/** 0 → A, 25 → Z, 26 → AA. */
const lettersOf = (column: number): string =>
  (column < 26 ? '' : lettersOf(Math.floor(column / 26) - 1)) + String.fromCharCode(65 + (column % 26))
