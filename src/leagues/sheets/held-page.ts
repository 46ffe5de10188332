/** Why a sheet is held, the possible answers, and the form that corrects when a sheet was taken. */
import { csrfInput } from '../../accounts/csrf.ts'
import type { Refusal } from '../../errors.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { action, form, formField } from '../../ui/parts/form.ts'
import { moment } from '../../ui/parts/values.ts'
import type { UploadView } from './upload.ts'

const dateSourceWords: Record<UploadView['taken_from'], string> = {
  given: 'as given',
  sheet: 'as the sheet says',
  filename: 'as the file name says',
  sent: 'when it was sent',
}

/** `taken 3 Mar 2026, 12:00 UTC, as the file name says` */
export const takenText = (upload: UploadView): Html =>
  html`taken ${moment(upload.taken_at)}, ${dateSourceWords[upload.taken_from]}`

/** The date that was given without script, and why it was not taken. */
export type RefusedAnswer = { date: string; refusal: Refusal }

export function heldQuestion(upload: UploadView, who: Who | undefined, refused?: RefusedAnswer): Content {
  if (upload.status !== 'held') return null
  const path = `/api/v1/uploads/${upload.id}`
  return html`<section class="part notice warn" id="held">
<h2>Should this sheet be published?</h2>
<p>It looks wrong, so the board has not changed.</p>
<ul>${upload.doubts?.map(({ message }) => html`<li>${message}</li>`)}</ul>
<div class="actions needs-js">
${action({ label: 'Publish anyway', action: `${path}/publish`, done: 'Published' })}
${action({ label: 'Discard', action: `${path}/discard`, look: 'danger', confirm: `Discard ${upload.filename}? It will appear on no board.`, done: 'Discarded' })}
</div>
<div class="needs-js">${form(
    { action: `${path}/publish`, done: 'Published' },
    formField({
      label: 'It is from another date',
      name: 'taken_at',
      type: 'time',
      value: upload.taken_at,
      hint: 'The board shows the newest scan; an older one goes into the history.',
    }),
    'Publish with this date',
  )}</div>
<div class="without-js">${plainAnswers(upload, who, refused)}</div>
</section>`
}

/** The same answers without JavaScript. */
const plainAnswers = (
  { id, league_id, taken_at }: UploadView,
  who: Who | undefined,
  refused: RefusedAnswer | undefined,
): Html =>
  html`<form class="form" method="post" action="/leagues/${league_id}/uploads/${id}/answer">
${csrfInput(who)}
<div class="submit"><button type="submit" name="do" value="publish">Publish anyway</button> <button type="submit" name="do" value="discard" class="danger">Discard for good</button></div>
${formField({ label: 'It is from another date', name: 'taken_at', id: 'f-plain-date', optional: true, value: refused?.date ?? taken_at.slice(0, 16), hint: 'In UTC', error: refused?.refusal.detail })}
<div class="submit"><button type="submit" name="do" value="date">Publish with this date</button></div>
</form>`

/** The form that corrects when a published sheet was taken. */
export const dateForm = (upload: UploadView): Content =>
  upload.status === 'done' &&
  html`<details class="part"><summary>Correct when it was taken</summary>
${form(
  { method: 'patch', action: `/api/v1/uploads/${upload.id}`, done: 'Corrected' },
  formField({
    label: 'Date of this data',
    name: 'taken_at',
    type: 'time',
    value: upload.taken_at,
    hint: 'Boards change at once.',
  }),
  'Correct',
)}</details>`
