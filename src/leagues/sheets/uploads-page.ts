import { csrfInput } from '../../accounts/csrf.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import { isAtLeast } from '../../platform/http/access.ts'
import type { Pagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { sheetLimits } from '../../platform/spreadsheets/limits.ts'
import { address } from '../../ui/parts/address.ts'
import { badge, status } from '../../ui/parts/badges.ts'
import { progress as progressBar, stats } from '../../ui/parts/figures.ts'
import { action, formField } from '../../ui/parts/form.ts'
import { emptyState, notice } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { table } from '../../ui/parts/table.ts'
import { about, bytes, countLink, name, number, time } from '../../ui/parts/values.ts'
import type { Headings } from '../headings.ts'
import { isSettled, type LeagueView } from '../league.ts'
import { leagueHead } from '../pages/league-head.ts'
import { dateForm, heldQuestion, type RefusedAnswer, takenText } from './held-page.ts'
import { sheetKindPages } from './kind-pages.ts'
import { readAsWords } from './metric-names.ts'
import type { Finding } from './reading/report.ts'
import type { UploadView } from './upload.ts'
import type { UploadChange } from './upload-people.ts'

export type UploadsData = {
  league: LeagueView
  list: { uploads: readonly UploadView[]; pagination: Pagination }
  /** Names of those who uploaded. */
  names: ReadonlyMap<number, string>
  /** Runs of unfinished uploads, by upload. */
  progress: ReadonlyMap<number, { percent: number; stage: string | null }>
  maxMb: number
}

const isUploadUnfinished = ({ status }: UploadView) => status === 'queued' || status === 'running'

/** All sheets that were sent to a league, and the form that sends another. */
export function uploadsBody(data: UploadsData, history: Content, who: Who | undefined): Html {
  const { league, list, maxMb } = data
  return html`${leagueHead({ league, kind: sheetKindPages, who, tab: 'uploads' })}
${isSettled(league) ? notice(`This league is ${league.status}; it takes no more uploads.`) : isAtLeast(who, 'officer') && uploadForm(league, list, maxMb, who)}
<section class="part">
<h2>History</h2>
${history}
</section>`
}

/** The part that updates itself. */
export function historyBody({ league, list, names, progress }: UploadsData, who: Who | undefined): Html {
  const path = `/leagues/${league.id}/uploads`
  const mayUndo = isAtLeast(who, 'officer') && !isSettled(league)
  const peopleColumn = (head: string, change: 'new' | 'missing' | 'suspicious' | 'unknown') => ({
    head,
    numeric: true,
    folds: true,
    cell: (upload: UploadView) => peopleLink(`${path}/${upload.id}`, change, upload.summary?.[change]),
  })
  return html`${table({
    caption: 'Uploads, newest first',
    rows: list.uploads,
    pages: list.pagination,
    rowName: ({ filename }) => filename,
    key: upload => `u-${upload.id}`,
    under: upload => reasons(upload),
    columns: [
      {
        head: 'File',
        names: true,
        cell: upload =>
          html`<a href="${path}/${upload.id}">${name(upload.filename)}</a> <small class="quiet">${bytes(upload.bytes)}${upload.worksheet !== null && html`, ${name(upload.worksheet)}`}</small>`,
      },
      {
        head: 'Status',
        cell: upload => html`${status(upload.status)}${importProgress(progress.get(upload.id))}`,
      },
      { head: 'Kind', folds: true, cell: upload => upload.kind },
      { head: 'Taken', folds: true, cell: upload => time(upload.taken_at ?? upload.created_at) },
      { head: 'Good rows', numeric: true, folds: true, cell: upload => number(upload.rows_ok) },
      {
        head: 'Bad rows',
        numeric: true,
        folds: true,
        cell: upload =>
          upload.rows_bad
            ? html`<a class="loss" href="${path}/${upload.id}#errors">${number(upload.rows_bad)}</a>`
            : number(upload.rows_bad),
      },
      peopleColumn('New', 'new'),
      peopleColumn('Missing', 'missing'),
      peopleColumn('Suspicious', 'suspicious'),
      list.uploads.some(({ kind }) => kind === 'extra') && peopleColumn('Unknown', 'unknown'),
      {
        head: 'By',
        folds: true,
        cell: upload => (upload.uploaded_by === null ? 'operator' : name(names.get(upload.uploaded_by))),
      },
      mayUndo && {
        head: html`<span class="sr">Actions</span>`,
        folds: true,
        cell: upload => uploadActions(upload, path),
      },
    ],
    empty: emptyState(
      'No sheets yet',
      'A baseline says where everyone starts, a current sheet where they are now. CSV, TSV and XLSX scans can be uploaded as they are.',
    ),
  })}
${paginationLinks(list.pagination, (page, limit) => address(path, { page, limit }))}`
}

const peopleLink = (path: string, change: UploadChange, count: number | undefined): Content =>
  countLink(count, address(`${path}/people`, { change }))

/** Why it failed, or why it waits for an answer. */
const reasons = ({ error, doubts }: UploadView): Content =>
  error || doubts?.length
    ? [error, ...(doubts ?? []).map(({ message }) => message)].map(text => text && html`<p class="reason">${text}</p>`)
    : null

const importProgress = (run: { percent: number; stage: string | null } | undefined): Content =>
  run && html` <small>${run.stage} ${progressBar(run.percent, 'How far the import is')}</small>`

function uploadActions(upload: UploadView, path: string): Content {
  const of = `${upload.filename}, upload ${upload.id}` // a file of the same name may come every day
  return upload.status === 'done'
    ? action({
        label: 'Undo',
        of,
        look: 'danger small',
        action: `/api/v1/uploads/${upload.id}/undo`,
        confirm: `Undo “${upload.filename}”? Boards go back to what they were without it.`,
        done: 'Undone',
      })
    : upload.status === 'held'
      ? html`<a class="button small" href="${path}/${upload.id}#held">Answer${about(of)}</a>`
      : isUploadUnfinished(upload) && upload.job_id
        ? action({
            label: 'Cancel',
            of,
            look: 'small',
            method: 'delete',
            action: `/api/v1/jobs/cancel/${upload.job_id}`,
            done: 'Cancelled',
          })
        : null
}

function uploadForm(
  league: LeagueView,
  { uploads, pagination: { total } }: UploadsData['list'],
  maxMb: number,
  who: Who | undefined,
): Html {
  const hasBaseline =
    total > uploads.length || uploads.some(({ kind, status }) => kind === 'baseline' && status === 'done')
  return html`<section class="part">
<h2>Upload files</h2>
<form class="form upload" data-upload data-url="/api/v1/leagues/${league.id}/uploads" action="/leagues/${league.id}/uploads" method="post" enctype="multipart/form-data">
${csrfInput(who)}
<div class="notice bad" role="alert" tabindex="-1" hidden data-refusal></div>
<div class="drop">${formField({ label: 'Files', name: 'file', type: 'file', accept: '.csv,.tsv,.txt,.xlsx', multiple: true, hint: html`CSV, TSV or XLSX up to ${number(maxMb)} MB each. Drop them here or choose them; you see what would be read from each before anything is imported.` })}</div>
<div data-files></div>
<div class="without-js">${uploadKindField(hasBaseline ? 'current' : 'baseline')}</div>
${modeField('partial')}
<div class="submit"><button type="submit" class="needs-js">Import</button> <button type="submit" value="trial" class="needs-js quiet">Preview without saving</button></div>
<div class="submit without-js"><button type="submit">Choose its columns</button></div>
<div class="sending" hidden data-sending><p role="status"></p><progress max="100" value="0" aria-label="Uploaded"></progress><button type="button" class="small quiet" data-abort>Stop</button></div>
</form>
</section>`
}

export const modeField = (mode: UploadView['mode']): Html =>
  formField({
    label: 'Bad rows',
    name: 'mode',
    type: 'select',
    value: mode,
    choices: { partial: 'Skip bad rows', strict: 'Reject the file' },
  })

export const uploadKindField = (kind: UploadView['kind']): Html =>
  formField({
    label: 'Kind',
    name: 'kind',
    type: 'select',
    value: kind,
    choices: {
      baseline: 'Baseline: where everyone starts',
      current: 'Current: where everyone is now',
      extra: 'Extra: adds columns to the newest scan',
    },
  })

export const readAsTable = (words: Record<string, string>): Content =>
  table({
    caption: 'What each column was read as',
    stack: false,
    dense: true,
    rows: Object.entries(words),
    columns: [
      { head: 'In the sheet', names: true, cell: ([header]) => name(header) },
      { head: 'Read as', cell: ([, readAs]) => readAs },
    ],
  })

export type UploadErrors = {
  errors: readonly Finding[]
  pagination: Pagination
}

export const findingsTable = (caption: string, findings: readonly Finding[]): Content =>
  table({
    caption,
    stack: false,
    dense: true,
    rows: findings,
    columns: [
      { head: 'Line', numeric: true, cell: ({ line }) => number(line) },
      { head: 'Column', cell: ({ column }) => name(column) },
      { head: 'Value', cell: ({ value }) => (value === '' ? number(null) : html`<code>${value}</code>`) },
      { head: 'Why', names: true, cell: ({ reason }) => reason },
    ],
  })

/** One upload: what was read, and what was left out and why. */
export function uploadBody(
  {
    league,
    upload,
    headings,
    errors,
    refused,
  }: {
    league: LeagueView
    upload: UploadView
    headings?: Headings
    errors: UploadErrors
    refused?: RefusedAnswer
  },
  who: Who | undefined,
): Html {
  const path = `/leagues/${league.id}/uploads/${upload.id}`
  const { summary, mapping } = upload
  const mayUndo = isAtLeast(who, 'officer') && !isSettled(league)
  return html`${leagueHead({ league, kind: sheetKindPages, who, tab: 'uploads', title: name(upload.filename) })}
<div class="toolbar">
${status(upload.status)}<span>${upload.kind}, ${takenText(upload)}${upload.worksheet !== null && html`, worksheet “${name(upload.worksheet)}”`}</span>
<span class="actions">${mayUndo && upload.status !== 'held' && uploadActions(upload, path)}<a class="button small quiet" href="/api/v1/uploads/${upload.id}/file" download>File</a>${errors.pagination.total > 0 && html`<a class="button small quiet" href="/api/v1/uploads/${upload.id}/errors.csv" download>Rows to look at, as CSV</a>`}</span>
</div>
${upload.error && notice(upload.error, 'bad')}
${mayUndo && heldQuestion(upload, who, refused)}
${upload.status === 'held' && league.status === 'archived' && notice('It looks wrong. This league is archived: unarchive it to answer.', 'warn')}
${stats([
  { label: 'Size', value: bytes(upload.bytes) },
  { label: 'Good rows', value: number(upload.rows_ok) },
  {
    label: 'Bad rows',
    value: countLink(upload.rows_bad, '#errors'),
  },
  ...(upload.kind === 'extra'
    ? [{ label: 'Unknown', value: peopleLink(path, 'unknown', summary?.unknown), note: 'not in the newest scan' }]
    : [
        { label: 'New', value: peopleLink(path, 'new', summary?.new) },
        { label: 'Missing', value: peopleLink(path, 'missing', summary?.missing) },
        { label: 'Renamed', value: peopleLink(path, 'renamed', summary?.renamed) },
        { label: 'Suspicious', value: peopleLink(path, 'suspicious', summary?.suspicious) },
      ]),
  { label: 'Duplicates', value: peopleLink(path, 'duplicate', summary?.duplicates) },
  summary && {
    label: 'Went down',
    value: html`<a href="${address(`${path}/people`, { change: 'went_down' })}">see who</a>`,
  },
])}
${summary?.warnings?.map(warning => notice(warning, 'warn'))}
${mapping && html`<section class="part"><h2>Columns</h2>${readAsTable(readAsWords(mapping, headings))}</section>`}
${mayUndo && dateForm(upload)}
${
  errors.pagination.total > 0 &&
  html`<section class="part" id="errors"><h2>Rows to look at ${badge(number(errors.pagination.total), 'bad')}</h2>
${errors.pagination.total >= sheetLimits.findings && html`<p class="quiet">Of each kind, bad, repeated and suspicious, only the first ${number(sheetLimits.findings)} are kept.</p>`}
${findingsTable('Rows that are bad, repeated or suspicious', errors.errors)}
${paginationLinks(errors.pagination, (page, limit) => `${address(path, { page, limit })}#errors`)}</section>`
}`
}
