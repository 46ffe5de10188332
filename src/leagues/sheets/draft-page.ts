/** Uploading a file without JavaScript: its columns, a preview, the import. */

import { Value } from '@sinclair/typebox/value'
import { type Static, t } from 'elysia'
import { csrfInput } from '../../accounts/csrf.ts'
import { iso } from '../../platform/clock.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { oneOfWords } from '../../platform/http/shared-schemas.ts'
import type { Run } from '../../platform/jobs/runs.ts'
import { counted, countText } from '../../platform/number-text.ts'
import { formField, selectOptions } from '../../ui/parts/form.ts'
import { notice } from '../../ui/parts/notices.ts'
import { table } from '../../ui/parts/table.ts'
import { bytes, name, number } from '../../ui/parts/values.ts'
import { isLabel, labelOfColumn } from '../columns.ts'
import type { LeagueView } from '../league.ts'
import { leagueHead } from '../pages/league-head.ts'
import { type CountedChange, countedChanges, type NamedPerson } from './changed-people.ts'
import type { UploadDraft } from './drafts.ts'
import { sheetKindPages } from './kind-pages.ts'
import type { previewUpload } from './preview-upload.ts'
import { findingSchema, uploadSummarySchema } from './upload.ts'
import { findingsTable, modeField, readAsTable, uploadKindField } from './uploads-page.ts'

type UploadPreview = Awaited<ReturnType<typeof previewUpload>>

type UploadDraftData = {
  league: LeagueView
  draft: UploadDraft
  preview: UploadPreview
  /** Why the last request was refused. */
  fault?: string
  trial?: Run
}

const roleNames = { id: 'Player id', name: 'Name', metric: 'Metric', label: 'Label', none: 'Leave out' }
const roleOf = (as: string | null) =>
  as === null ? 'none' : as === 'id' || as === 'name' ? as : isLabel(as) ? 'label' : 'metric'
const nameOfColumn = (as: string | null) =>
  as === null || as === 'id' || as === 'name' ? '' : (labelOfColumn(as) ?? as)
const dateHints = {
  sheet: 'Read from the sheet.',
  filename: 'Read from the file name.',
  sent: 'Empty: now.',
  given: '',
}

export function uploadDraftBody({ league, draft, preview, fault, trial }: UploadDraftData, who: Who): Html {
  const path = `/leagues/${league.id}/uploads`
  const taken = draft.takenAt ?? (preview.taken_from === 'sent' ? undefined : Date.parse(preview.taken_at))
  return html`${leagueHead({ league, kind: sheetKindPages, who, tab: 'uploads', title: name(draft.filename) })}
<p>${bytes(draft.bytes)}. Nothing is imported yet.</p>
${fault && notice(fault, 'bad')}
${!fault && preview.problem && notice(preview.problem.message, 'warn')}
${!trial && preview.notes.map(note => notice(note, 'warn'))}
${trial && trialPart(trial)}
<form class="form" method="post" action="${path}/drafts/${draft.id}">
${csrfInput(who)}
<div class="columns">${uploadKindField(draft.kind)}
${formField({
  label: 'Date of this data',
  name: 'taken_at',
  type: 'text',
  optional: true,
  value: taken === undefined ? undefined : iso(taken).slice(0, 16),
  placeholder: '2026-03-01T18:00',
  hint: `In UTC. ${dateHints[preview.taken_from]}`,
})}</div>
${modeField(draft.mode)}
${preview.worksheets.length > 1 && worksheetField(preview)}
${table({
  caption: 'What each column is read as',
  stack: false,
  rows: preview.columns.filter(({ header }) => header),
  columns: [
    {
      head: 'In the sheet',
      names: true,
      cell: ({ header }) => html`${name(header)}<input type="hidden" name="header" value="${header}" />`,
    },
    {
      head: 'Read as',
      cell: ({ header, as }) =>
        html`<select name="role" aria-label="Read “${header}” as">${selectOptions(roleNames, roleOf(as))}</select>`,
    },
    {
      head: 'Called',
      cell: ({ header, as }) =>
        html`<input name="called" value="${nameOfColumn(as)}" maxlength="60" aria-label="What “${header}” is called" />`,
    },
    { head: 'First values', cell: ({ samples }) => samples.filter(Boolean).slice(0, 3).join(' · ') || number(null) },
  ],
})}
<div class="submit"><button type="submit" name="do" value="import">Import this file</button> <button type="submit" name="do" value="trial" class="quiet">What this file would change</button> <button type="submit" name="do" value="discard" class="quiet">Discard</button></div>
</form>`
}

const worksheetField = ({ worksheet, worksheets }: UploadPreview): Html =>
  formField({
    label: 'Worksheet',
    name: 'worksheet',
    type: 'select',
    value: worksheet ?? '',
    choices: worksheets.map(({ name }) => [name, name]),
    hint: 'After another choice the columns of that worksheet are shown first.',
  })

const trialResult = t.Object({
  read_as: t.Record(t.String(), t.String()),
  rows_total: t.Integer(),
  rows_ok: t.Integer(),
  rows_bad: t.Integer(),
  doubts: t.Array(t.Object({ message: t.String() })),
  errors: t.Array(findingSchema),
  summary: uploadSummarySchema,
  people: t.Array(t.Object({ change: oneOfWords(countedChanges), player_id: t.String(), name: t.String() })),
})

function trialPart({ status, stage, error, result }: Run): Content {
  if (status === 'PENDING' || status === 'PROGRESS')
    return html`<p role="status">Preview in progress${stage && `: ${stage}`} … This page reloads by itself.</p>`
  if (!Value.Check(trialResult, result)) return notice(error ?? 'The preview did not finish; try again.', 'bad')
  return html`<section class="part" data-trial><h2>What this file would change</h2>${trialSummary(result)}</section>`
}

function trialSummary({
  read_as,
  rows_total,
  rows_ok,
  rows_bad,
  doubts,
  errors,
  summary,
  people,
}: Static<typeof trialResult>): Html {
  const counts =
    summary.unknown === undefined ? (['new', 'missing', 'renamed', 'suspicious'] as const) : ['unknown' as const]
  const facts = [
    counted(rows_total, 'row'),
    `${countText(rows_ok)} good`,
    `${countText(rows_bad)} bad`,
    ...counts.map(part => `${countText(summary[part] ?? 0)} ${part}`),
    ...(summary.duplicates ? [`${countText(summary.duplicates)} duplicate`] : []),
  ]
  const named = [...Map.groupBy(people, ({ change }) => change)]
  return html`<p>${facts.join(' · ')}</p>
${named.map(([change, players]) => playersPart(change, players, summary[change] ?? 0))}
${[...summary.warnings, ...doubts.map(({ message }) => `It would be held: ${message}`)].map(text => notice(text, 'warn'))}
${readAsTable(read_as)}
${errors.length > 0 && findingsTable('The first rows to look at', errors)}`
}

const playersPart = (change: CountedChange, players: readonly NamedPerson[], count: number): Html =>
  html`<details><summary>${countText(count)} ${change}</summary>
${players.length < count && html`<p class="quiet">The first ${players.length}; all are listed once the file is imported.</p>`}
${table({
  caption: `Players: ${change}`,
  rows: players,
  columns: [
    { head: 'Name', names: true, cell: player => name(player.name) },
    { head: 'Id', cell: player => html`<code>${player.player_id}</code>` },
  ],
})}</details>`
