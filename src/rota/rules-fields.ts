/** Rules of work as form fields, and as sentences next to them. */
import { type Html, html } from '../platform/html.ts'
import { type FormField, formField } from '../ui/parts/form.ts'
import { money } from '../ui/parts/values.ts'
import { type RulesOfWork, rulesText } from './rules-of-work.ts'

const blankRows = 2
const kindList = 'kinds-of-shift'

/** Common names for kinds of shift; any other word works too. */
export const kindChoices: Html = html`<datalist id="${kindList}">${['early', 'late', 'night'].map(kind => html`<option value="${kind}"></option>`)}</datalist>`

export const kindField = (label: string, name: string, value?: string | null, placeholder = 'late'): Html =>
  formField({ label, name, value, optional: true, maxlength: 60, list: kindList, placeholder })

export const rulesSentences = (rules: RulesOfWork): Html[] =>
  rulesText(rules, cents => String(money(cents))).map(sentence => html`<li>${sentence}</li>`)

/** `whose` is whose rules they are. A site has no minimum hours, and its rest is a field elsewhere. */
export function rulesFields(rules: RulesOfWork, { isSite }: { isSite: boolean }): Html {
  const sentences = rulesSentences(rules)
  return html`<fieldset class="rows rules"><legend>Rules of work</legend>
<p class="hint">${isSite ? 'For everybody, counted over their work here; their own rules apply too.' : 'Counted over all their work, in addition to the rules of the sites.'} A rule without a price is never broken; one with a price may be broken at that price. Leave unused rules blank.</p>
${sentences.length > 0 && html`<ul>${sentences}</ul>`}
<details><summary>${sentences.length ? 'Change the rules' : 'Add rules'}</summary>
${!isSite && row(limit('Hours at least', 'least_hours', rules.least_hours, { weeks: 1, price: 'each hour too few', step: 'any' }))}
${row(limit('Hours at most', 'most_hours', rules.most_hours, { weeks: 1, price: 'each hour more', step: 'any' }))}
${row(limit('Days in a row at least', 'least_days_in_row', rules.least_days_in_row, { price: 'each day too few' }))}
${row(limit('Days in a row at most', 'most_days_in_row', rules.most_days_in_row, { price: 'each day more' }))}
${row(limit('Days off in a row at least', 'least_days_off_in_row', rules.least_days_off_in_row, { price: 'each day too few' }))}
${row(limit('Weekends with work at most', 'most_weekends', rules.most_weekends, { weeks: 4, price: 'each weekend more' }))}
${kindChoices}
${withBlanks(rules.most_of_kind).map((one, i) => html`<div class="columns">${kindField('Of the kind', `rules.most_of_kind[${i}].kind`, one?.kind)}${limit('Shifts at most', `most_of_kind[${i}]`, one, { weeks: 1, price: 'each shift more' })}</div>`)}
${withBlanks(rules.successions).map((one, i) => {
  const name = `rules.successions[${i}]`
  return html`<div class="columns">${kindField('The day after', `${name}.kind`, one?.kind)}${kindField('Never begins', `${name}.next`, one?.next, 'early')}${price('breaking it', `${name}.price_cents`, one?.price_cents)}</div>`
})}
<div class="columns">
${!isSite && formField({ label: 'Rest between shifts (hours)', name: 'rules.rest_hours', type: 'number', optional: true, min: 0, max: 48, step: 'any', value: rules.rest_hours, hint: 'Instead of the rest required by the sites' })}
${formField({ label: 'Count several weeks from', name: 'rules.counted_from', type: 'date', optional: true, value: rules.counted_from, hint: 'A Monday' })}</div>
</details></fieldset>`
}

type Limited = { limit: number; weeks?: number; price_cents?: number }

const row = (fields: Html): Html => html`<div class="columns">${fields}</div>`

function limit(
  label: string,
  rule: string,
  value: Limited | undefined,
  { weeks, price: unit, step = 1 }: { weeks?: number; price: string; step?: number | string },
): Html {
  const name = `rules.${rule}`
  const shared: Pick<FormField, 'type' | 'optional'> = { type: 'number', optional: true }
  return html`${formField({ ...shared, label, name: `${name}.limit`, min: 0, step, value: value?.limit })}
${weeks && formField({ ...shared, label: 'In so many weeks', name: `${name}.weeks`, min: 1, max: 52, value: value?.weeks, placeholder: String(weeks) })}
${price(unit, `${name}.price_cents`, value?.price_cents)}`
}

const price = (unit: string, name: string, value?: number): Html =>
  formField({ label: `Price of ${unit}`, name, type: 'cents', optional: true, min: 0, value })

const withBlanks = <Row>(rows: readonly Row[] = []): (Row | undefined)[] => [
  ...rows,
  ...Array.from({ length: blankRows }, () => undefined),
]
