import type { Kind } from '../../../db/schema.ts'
import { csrfField } from '../../accounts/csrf.ts'
import { type Html, html } from '../../platform/html.ts'
import { isAtLeast } from '../../platform/http/access.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { action, form, formField } from '../../ui/parts/form.ts'
import { notice } from '../../ui/parts/notices.ts'
import { moment, time } from '../../ui/parts/values.ts'
import type { ConfigPreview } from '../config-preview.ts'
import type { Headings } from '../headings.ts'
import { fieldText, type KindPages } from '../kind-pages.ts'
import type { Kinds } from '../kinds.ts'
import { type LeagueView, leagueInputs, openWhenSettled } from '../league.ts'
import type { WebhookState } from '../webhook.ts'
import { configPreviewPart } from './config-preview-part.ts'
import { leagueHead } from './league-head.ts'

export function newLeagueBody(kind: Kind, kinds: Kinds, offered?: readonly string[]): Html {
  return html`<header class="head"><h1>New league</h1></header>
<nav class="cards" aria-label="Kind of league">${Object.entries(kinds).map(
    ([each, { pages }]) =>
      html`<a href="/leagues/new?kind=${each}"${each === kind && html` aria-current="true"`}><strong>${pages.name}</strong> <span>${pages.summary}</span></a>`,
  )}</nav>
${form(
  { action: '/api/v1/leagues', goTo: '/leagues/{id}', done: 'The league has been made' },
  html`<input type="hidden" name="kind" value="${kind}" />${leagueFieldInputs()}${kinds[kind]?.pages.fields({}, offered)}`,
  'Make the league',
)}`
}

type SettingsData = {
  league: LeagueView
  kind: KindPages
  /** What its form offers. */
  offered?: readonly string[]
  /** The labels of its players. */
  labels?: readonly string[]
  headings?: Headings
  /** Whether its config can be previewed before it is saved. */
  hasPreview: boolean
  preview?: ConfigPreview
  /** If it has one. */
  webhook?: WebhookState
}

export const settingsBody = (data: SettingsData, who: Who | undefined): Html =>
  html`${leagueHead({ league: data.league, kind: data.kind, who, tab: 'settings' })}
${settingsPart(data, who)}
${data.webhook && webhookPart(data.league, data.webhook)}
${copyPart(data.league)}
${endingPart(data.league, who)}`

const apiOf = ({ id }: LeagueView) => `/api/v1/leagues/${id}`
const isFinal = ({ finalized_at }: LeagueView) => finalized_at !== null
const isArchived = ({ archived_at }: LeagueView) => archived_at !== null
const isFrozen = (league: LeagueView) => isFinal(league) || isArchived(league)

function settingsPart(
  { league, kind, offered, labels, headings, hasPreview, preview }: SettingsData,
  who: Who | undefined,
): Html {
  const still = openWhenSettled.join(' and ')
  const isOpen = !isFrozen(league)
  return html`<section class="part">
<h2>Settings</h2>
${isFinal(league) && html`<p>This league has been final since ${moment(league.finalized_at)}: only its ${still} can still change.</p>`}
${isArchived(league) && !isFinal(league) && html`<p>This league has been archived since ${moment(league.archived_at)}: until it is unarchived, only its ${still} can change. Its board is not final.</p>`}
${form(
  { action: apiOf(league), method: 'patch', done: 'Saved' },
  html`${leagueFieldInputs(league, !isOpen)}${isOpen && kind.fields(league.config, offered, labels, headings)}`,
  'Save',
  isOpen && hasPreview && previewButton(league, who),
)}
<div id="config-preview" class="part" aria-live="polite">${preview && configPreviewPart(preview, kind, headings, `/leagues/${league.id}`)}</div>
</section>`
}

const webhookPart = (league: LeagueView, { delivered_at, failure }: WebhookState): Html =>
  html`<section class="part">
<h2>Webhook</h2>
<p>${delivered_at ? html`It last took a message ${time(delivered_at)}.` : 'It has taken no message yet.'}</p>
${failure && notice(html`Last failure, ${time(failure.at)}: ${failure.reason}.${failure.is_tried_again && ' It is tried again.'}`, 'bad')}
${form({ action: `${apiOf(league)}/webhook/test`, look: 'quiet', follow: true, done: '{message}' }, null, 'Send a test')}
</section>`

const copyPart = (league: LeagueView): Html =>
  html`<section class="part">
<details><summary>Copy this league</summary>
<p>A new league with the same rules and no scores.</p>
${form(
  { action: `${apiOf(league)}/copy`, goTo: '/leagues/{id}/settings', done: 'The copy has been made' },
  html`${formField({ ...leagueInputs.name, name: 'name', id: 'f-copy-name' })}<div class="columns">
${formField({ ...leagueInputs.starts_at, name: 'starts_at', id: 'f-copy-starts' })}
${formField({ ...leagueInputs.ends_at, name: 'ends_at', id: 'f-copy-ends' })}
</div>`,
  'Make the copy',
)}
</details>
</section>`

function endingPart(league: LeagueView, who: Who | undefined): Html {
  const api = apiOf(league)
  return html`<section class="part">
<h2>Ending it</h2>
<div class="steps">
${
  !isFrozen(league) &&
  step(
    'Finalise',
    'Freezes the board as it is now. Only an admin can reopen it.',
    action({
      label: 'Finalise the board',
      action: `${api}/finalize`,
      confirm: `Freeze the board of ${league.name}? It no longer changes${league.status === 'active' ? ', though the league has not ended' : ''}, unless an admin reopens it.`,
      done: 'The board is final',
    }),
  )
}
${
  isFinal(league) &&
  !isArchived(league) &&
  isAtLeast(who, 'admin') &&
  step(
    'Reopen',
    'Makes the board live again. From then on the league is finalised by hand.',
    action({
      label: 'Reopen the league',
      look: 'danger',
      action: `${api}/reopen`,
      confirm: `Reopen ${league.name}? Its frozen board is discarded.`,
      done: 'The board is live again',
    }),
  )
}
${step(
  isArchived(league) ? 'Unarchive' : 'Archive',
  `An archived league can still be read, but is no longer listed among the others.${isFinal(league) ? '' : ' Finalise it first if its board must not move any more.'}`,
  action({
    label: isArchived(league) ? 'Unarchive it' : 'Archive it',
    method: 'patch',
    action: api,
    body: { archived: !isArchived(league) },
    done: isArchived(league) ? 'It is listed again' : 'Archived',
  }),
)}
<details class="step"><summary>Delete</summary>
<p>Deletes the league and everything in it: boards, uploads, entries and trades. This cannot be undone.</p>
${form(
  { action: api, method: 'delete', goTo: '/', done: 'The league has been deleted' },
  formField({
    label: `Type its name, ${league.name}, to confirm`,
    name: 'name',
    id: 'f-confirm',
    autocomplete: 'off',
  }),
  'Delete for good',
)}
</details>
</div>
</section>`
}

/** Sends the form as it is; without JavaScript the token that a change needs is sent along. */
const previewButton = ({ id }: LeagueView, who: Who | undefined): Html =>
  html`<button type="submit" class="quiet" formaction="/leagues/${id}/settings/preview" formnovalidate name="${csrfField}" value="${who?.csrfToken}" data-preview>Preview the changes</button>`

const step = (title: string, text: string, button: Html): Html =>
  html`<div class="step"><h3>${title}</h3><p class="quiet">${text}</p>${button}</div>`

function leagueFieldInputs(league?: LeagueView, isFrozen = false): Html {
  const values: Record<string, unknown> = league ?? {}
  const shown = Object.entries(leagueInputs)
    .filter(([name]) => !isFrozen || openWhenSettled.includes(name))
    .map(([name, input]) => ({ ...input, name, value: fieldText(values[name]), autofocus: name === 'name' && !league }))
  const [times, others] = [shown.filter(({ type }) => type === 'time'), shown.filter(({ type }) => type !== 'time')]
  return html`${others.map(formField)}${times.length > 0 && html`<div class="columns">\n${times.map(formField)}\n</div>`}`
}
