/**
 * Forms that talk JSON to the API: the browser sends the fields as one object, shows the refusal's `errors` beside the
 * fields they name, and goes on to `goTo`. So pages and API share the same checks of the input.
 */
import { type Content, type Html, html } from '../../platform/html.ts'
import { about } from './values.ts'

/** Each value with what the reader sees for it. */
export type FormChoices =
  | Readonly<Record<string, string>>
  | readonly (readonly [value: string | number, label: string])[]

export type FormField = {
  label: string
  /** Where the value goes in the body: `config.weights` is an object in an object. */
  name: string
  /** Needed where a page has two fields of the same name. */
  id?: string
  /** `time` is asked in the reader's zone, or in `zone`, and sent in UTC; `clock` is a time of day; `list` (one a line),
   *  `pairs` (`name number` a line) and `cents` (asked as `12.50`, sent as 1250) are sent as what they mean. */
  type?:
    | 'text'
    | 'email'
    | 'password'
    | 'search'
    | 'url'
    | 'number'
    | 'date'
    | 'month'
    | 'time'
    | 'clock'
    | 'file'
    | 'checkbox'
    | 'select'
    | 'area'
    | 'list'
    | 'pairs'
    | 'cents'
  /** Of a `time`: the zone it is asked in, such as that of a site. */
  zone?: string
  /** A choice that is sent as a number. */
  sends?: 'number'
  value?: string | number | boolean | null
  hint?: Content
  error?: string
  /** Asked for unless `optional`; what is left empty is then not sent. */
  optional?: boolean
  choices?: FormChoices
  autocomplete?: string
  minlength?: number
  maxlength?: number
  min?: number
  max?: number
  step?: number | string
  accept?: string
  /** Of files: several at once. */
  multiple?: boolean
  placeholder?: string
  /** The id of a `datalist` to choose from. */
  list?: string
  autofocus?: boolean
}

const attribute = (name: string, value: string | number | boolean | null | undefined): Content =>
  value === undefined || value === null || value === false
    ? null
    : value === true
      ? html` ${name}`
      : html` ${name}="${value}"`

/** The browser adds the name of that zone. */
const inYourZone: Html = html`In your time zone<span data-zone></span>`

/** A labelled input with its hint and its error. A time says in which zone it is asked. */
export function formField(given: FormField): Html {
  const { label, name, type = 'text', error, optional } = given
  const zone = given.zone ? html`In the time zone ${given.zone}` : inYourZone
  const unit = type === 'time' ? zone : type === 'cents' && 'In currency units'
  const hint = unit && given.hint ? html`${unit}. ${given.hint}` : unit || given.hint
  const id = given.id ?? `f-${name.replaceAll(/[^\w-]/g, '-')}`
  const described = [hint && `${id}-hint`, `${id}-error`].filter(Boolean).join(' ')
  const shared = html` id="${id}" name="${name}" aria-describedby="${described}"${attribute('required', !optional && type !== 'checkbox')}${attribute('aria-invalid', error !== undefined && 'true')}${attribute('autofocus', given.autofocus)}${attribute('data-type', given.sends ?? type)}`
  const input = control(given, type, shared)
  const marked = html`<label for="${id}">${label}${optional && type !== 'checkbox' && html` <span class="quiet">optional</span>`}</label>`
  return html`<div class="field ${type}">
  ${type === 'checkbox' ? html`<div>${input} ${marked}</div>` : html`${marked}${input}`}
  ${hint && html`<p class="hint" id="${id}-hint">${hint}</p>`}
  <p class="error" id="${id}-error"${attribute('hidden', error === undefined)}>${error}</p>
</div>`
}

function control(given: FormField, type: NonNullable<FormField['type']>, shared: Html): Html {
  const { value, choices = [], placeholder } = given
  if (type === 'select') return html`<select${shared}>${selectOptions(choices, value)}</select>`
  if (type === 'area' || type === 'list' || type === 'pairs')
    return html`<textarea${shared} rows="5"${attribute('placeholder', placeholder)}>
${value === null || value === undefined ? '' : String(value)}</textarea>`
  if (type === 'checkbox') return html`<input type="checkbox"${shared}${attribute('checked', value === true)} />`
  const kind = { time: 'datetime-local', clock: 'time', cents: 'number' }[String(type)] ?? type
  const text =
    type === 'time'
      ? html`${attribute('data-at', value)}${attribute('data-in', given.zone)}`
      : attribute('value', type === 'cents' && typeof value === 'number' ? (value / 100).toFixed(2) : value)
  const { autocomplete, minlength, maxlength, min, max, accept, multiple, list } = given
  const step = given.step ?? (type === 'cents' ? '0.01' : undefined)
  const limits = Object.entries({
    autocomplete,
    minlength,
    maxlength,
    min,
    max,
    step,
    accept,
    multiple,
    list,
    placeholder,
  })
  return html`<input type="${kind}"${shared}${text}${limits.map(([key, limit]) => attribute(key, limit))} />`
}

const isListed = (choices: FormChoices): choices is Extract<FormChoices, readonly unknown[]> => Array.isArray(choices)

export const selectOptions = (choices: FormChoices, chosen: FormField['value']): Html[] =>
  (isListed(choices) ? choices : Object.entries(choices)).map(
    ([value, label]) =>
      html`<option value="${value}"${attribute('selected', String(value) === String(chosen))}>${label}</option>`,
  )

export type Checks = {
  label: string
  /** A list in the body, of the values that are ticked. */
  name: string
  choices: readonly (readonly [value: number, label: string])[]
  ticked(value: number): boolean
  hint?: Content
}

/** A group of checkboxes. */
export const checks = ({
  label,
  name,
  choices,
  ticked,
  hint,
}: Checks): Html => html`<fieldset class="checks"><legend>${label}</legend>
${hint && html`<p class="hint">${hint}</p>`}
<div>${choices.map(([value, text]) => html`<label><input type="checkbox" name="${name}[]" value="${value}" data-type="tick"${attribute('checked', ticked(value))} /> ${text}</label>`)}</div>
</fieldset>`

type FormTarget = {
  method?: 'post' | 'put' | 'patch' | 'delete'
  action: string
  /** A page that takes the same form without script. */
  plain?: string
  /** Where to go after success: `/leagues/{id}` takes `id` from the answer. Default: this page again. `stay`: nowhere. */
  goTo?: string
  /** Sent with an Idempotency-Key: a request without an answer may be sent again, and is done once. */
  once?: boolean
  /** Shown after success: `{message}` takes it from the answer, or from the result of the job that was followed. */
  done?: string
  /** A question that is asked before it is sent. */
  confirm?: string
  /** How its button looks; `danger`: it destroys something. */
  look?: 'danger' | 'danger small' | 'quiet' | 'quiet small' | 'small'
  /** Asked for in the same dialog and sent under this name. */
  ask?: { name: string; label: string; optional?: boolean }
  /** The id of a part of this page that shows what was made: it is fetched again, and the form stays. */
  renews?: string
  /** The answer names a job: show how far it is, and go on when it has succeeded. */
  follow?: boolean
}

const target = ({ method = 'post', action, plain, goTo, done, confirm, ask, follow, once, renews }: FormTarget): Html =>
  html` data-api method="post" data-method="${method}" action="${plain ?? action}"${attribute('data-to', plain && action)}${attribute('data-go-to', goTo)}${attribute('data-renews', renews)}${attribute('data-done', done)}${attribute('data-confirm', confirm)}${attribute('data-ask', ask?.label)}${attribute('data-ask-name', ask?.name)}${attribute('data-ask-optional', ask?.optional)}${attribute('data-follow', follow)}${attribute('data-once', once)}`

/** `form({ action: '/api/v1/leagues', goTo: '/leagues/{id}' }, [field(…)], 'Create')`. Parts of the answer are shown by `answer('key')`; `beside` goes next to the button. */
export const form = (
  to: FormTarget,
  fields: Content,
  submit: Content,
  beside?: Content,
): Html => html`<form class="form"${target(to)}>
<div class="notice bad" role="alert" tabindex="-1" hidden data-refusal></div>
${fields}
<div class="submit"><button type="submit"${attribute('class', to.look)}>${submit}</button>${beside && html` ${beside}`}</div>
</form>`

/** A part of the answer, shown once it is there, with a button to copy it. For what is shown only once. */
export const answer = (part: string, label: string, calendar?: string): Html =>
  html`<div class="answer" hidden tabindex="-1" data-answer="${part}"><span>${label}</span> <output></output> <button type="button" class="small" data-copy>Copy</button>${calendar && html` <a class="button small quiet" data-calendar>${calendar}</a>`}</div>`

type FormAction = FormTarget & {
  label: Content
  /** What it is done to, for screen readers: in rows, where the labels are alike. */
  of?: Content
  body?: Record<string, string | number | boolean | null>
}

/** One button that does one thing: undo, cancel, finalise. */
export const action = ({
  label,
  of,
  look,
  body = {},
  ...to
}: FormAction): Html => html`<form class="action"${target(to)}>
${Object.entries(body).map(([name, value]) => html`<input type="hidden" name="${name}" value="${String(value)}" data-type="${typeof value === 'string' ? 'text' : typeof value === 'number' ? 'number' : 'json'}" />`)}<button type="submit" class="${look}">${label}${of && about(of)}</button>
</form>`

/** Copies `text` when it is clicked. */
export const copyButton = (text: string): Html =>
  html`<button type="button" class="small quiet needs-js" data-copy="${text}">Copy</button>`
