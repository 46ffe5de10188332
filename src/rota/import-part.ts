/** A file is looked through in the browser by the API's trial before it is imported; see `import.js`. */
import { type Html, html } from '../platform/html.ts'
import { formField } from '../ui/parts/form.ts'

export type ImportPart = { title: string; action: string; columns: readonly string[]; example: string; more: string }

export const importPart = ({ title, action, columns, example, more }: ImportPart): Html =>
  html`<details class="fold"><summary>${title}</summary>
<form class="form" data-import="${action}">
<p class="hint">The columns ${columns.join(', ')}. ${more} All rows or, where any is wrong, none.</p>
<div class="columns">${formField({ label: 'CSV or XLSX file', name: 'file', id: 'f-import-file', type: 'file', optional: true, accept: '.csv,.tsv,.txt,.xlsx' })}
${formField({ label: 'Or pasted', name: 'csv', id: 'f-import-csv', type: 'area', optional: true, placeholder: example })}</div>
<div data-import-result role="status"></div>
<div class="submit"><button type="submit" disabled>Import</button></div>
</form></details>`
