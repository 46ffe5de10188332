/** Shared by imports of staff and of shifts: a preview first, every error with its line. */
import { type TSchema, t } from 'elysia'
import type { Db } from '../../db/open.ts'
import { atomically, type Sync } from '../../db/transactions.ts'
import { type FieldError, maxImportErrors } from '../errors.ts'
import { type Content, type Html, html } from '../platform/html.ts'
import { describe } from '../platform/http/route-docs.ts'
import type { TableRow, TextTable } from '../platform/spreadsheets/read-table.ts'
import { formField } from '../ui/parts/form.ts'

/** Records an error of a row and returns undefined, which the function that reads the row then also returns. */
export type ReportError = (column: string, message: string) => undefined

/** What `read` makes of each row. Every error is added with its line. */
export const readImportRows = <Row extends TableRow, T>(
  rows: readonly Row[],
  errors: FieldError[],
  read: (row: Row, mistake: ReportError) => T | undefined,
): T[] =>
  rows.flatMap(row => {
    const mistake: ReportError = (column, message) => {
      errors.push({ path: `line ${row.line}, ${column}`, message })
      return undefined
    }
    return read(row, mistake) ?? []
  })

/** Writes, or where it is not `kept` only finds out what would be written. */
export async function writeOrTry<T>(db: Db, work: (tx: Db) => { done: T; kept: boolean }): Promise<T> {
  const tried: T[] = []
  try {
    return await atomically<T>(db, tx => {
      const { done, kept } = work(tx)
      if (kept) return done as Sync<T>
      tried.push(done)
      throw notKept
    })
  } catch (error) {
    const [done] = tried
    if (error !== notKept || done === undefined) throw error
    return done
  }
}
const notKept = new Error('A trial')

/** The values of a cell that may hold several. Where | separates them, a comma is part of a name. */
export const listedValues = (cell: string) =>
  cell
    .split(cell.includes('|') ? /[|\n]/ : /[,;\n]/)
    .map(part => part.trim())
    .filter(Boolean)

export const dryRunQuery = t.Object({
  dry_run: t.Optional(t.Boolean({ description: 'Only report what would be done, and every error' })),
})

export const importErrorsSchema = {
  errors: t.Array(
    t.Object(
      { path: t.String({ examples: ['line 3, skills'] }), message: t.String() },
      { description: 'The first of them' },
    ),
  ),
  total_errors: t.Integer(),
  ignored_columns: t.Array(t.String(), {
    description: 'Columns of the file that no field is named like',
    examples: [['shoe_size']],
  }),
  notes: t.Array(t.String(), {
    description: 'What is read though it may not be seen: hidden rows, hidden columns and merged cells',
    examples: [['2 hidden rows of the workbook were read too.']],
  }),
}

/** What a dry run says about the file. */
export const importErrors = (
  errors: readonly FieldError[],
  { fields, notes }: TextTable,
  known: readonly string[],
) => ({
  errors: errors.slice(0, maxImportErrors),
  total_errors: errors.length,
  ignored_columns: fields.filter(field => !known.includes(field)).slice(0, 50),
  notes,
})

/** 201 for an import, 200 for a dry run. */
export function importResponses(summary: string, done: TSchema, preview: TSchema) {
  const { responses } = describe('What would be done', preview)
  const all = describe(summary, done, { status: 201 })
  return { ...all, responses: { ...all.responses, ...responses } }
}

type ImportForm = {
  title: string
  action: string
  /** Of a file that has one form. */
  columns?: readonly string[]
  example: string
  more: Content
  /** Of several forms, each in words. */
  forms?: readonly Content[]
  /** Where to go afterwards, with `{draft_id}` of the answer; the same page without. */
  goTo?: string
  /** Asks which month the file is of, such as this one. */
  month?: string
}

/** The form of an import. `import.js` sends the file with `dry_run` first and shows what would be done. */
export const importForm = ({ title, action, columns, example, more, forms, goTo, month }: ImportForm): Html =>
  html`<details class="fold"><summary>${title}</summary>
<form class="form" data-import="${action}"${goTo && html` data-go-to="${goTo}"`}>
<p class="hint">${columns && `The columns ${columns.join(', ')}. `}${more} All rows or, where any is wrong, none.</p>
${forms && html`<ul>${forms.map(each => html`<li>${each}</li>`)}</ul>`}
<div class="columns">${formField({ label: 'CSV or XLSX file', name: 'file', id: 'f-import-file', type: 'file', optional: true, accept: '.csv,.tsv,.txt,.xlsx' })}
${formField({ label: 'Or pasted', name: 'csv', id: 'f-import-csv', type: 'area', optional: true, placeholder: example })}
${month && formField({ label: 'Month', name: 'month', id: 'f-import-month', type: 'month', optional: true, placeholder: month, hint: 'Where the headings are days without a month or year: 1, 2, 3 … or 21.12.' })}</div>
<noscript><p>This form needs JavaScript, to show first what would be done. Without it, send the file to <code>${action}</code>.</p></noscript>
<div data-import-result role="status"></div>
<div class="submit"><button type="submit" disabled>Import</button></div>
</form></details>`
