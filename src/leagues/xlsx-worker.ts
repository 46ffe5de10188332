/** Turns rows that come in by message into a workbook. A thread of its own for each export. */
import ExcelJS from 'exceljs'

declare const self: Worker

type Message = { title: string; columns: string[] } | { rows: (string | number | null)[][] } | { end: true }

const workbook = new ExcelJS.Workbook()
let sheet: ExcelJS.Worksheet | undefined

self.onmessage = async ({ data }: MessageEvent<Message>) => {
  if ('columns' in data) {
    sheet = workbook.addWorksheet(data.title.replaceAll(/[*?:/\\[\]]/g, ' ').slice(0, 31) || 'Board', {
      views: [{ state: 'frozen', ySplit: 1 }],
    })
    sheet.addRow(data.columns).font = { bold: true }
  } else if ('rows' in data) {
    for (const row of data.rows) sheet?.addRow(row)
  } else {
    const bytes = new Uint8Array(await workbook.xlsx.writeBuffer())
    postMessage(bytes.buffer, [bytes.buffer])
  }
}
