/** Filters of a list, kept in the address: a form that any browser can send. */
import { type Content, type Html, html } from '../../platform/html.ts'

export type Filter = {
  name: string
  label: string
  value: string | undefined
  /** Hidden: chosen elsewhere on the page, and kept. */
  type?: 'search' | 'text' | 'date' | 'hidden'
  placeholder?: string
  /** One of these; '' is any. */
  choices?: readonly string[]
}

export const filterForm = (path: string, filters: readonly Filter[]): Html =>
  html`<form class="filtering" method="get" action="${path}" role="search" data-filters>
${filters.map(one)}
<button type="submit" class="small quiet">Filter</button>
${filters.some(({ value }) => value) && html`<a href="${path}">Clear</a>`}
</form>`

function one({ name, label, value, type = 'text', placeholder, choices }: Filter): Content {
  if (type === 'hidden') return value && html`<input type="hidden" name="${name}" value="${value}" />`
  const input = choices
    ? html`<select name="${name}">${choices.map(choice => html`<option value="${choice}" ${choice === (value ?? '') && html`selected`}>${choice || 'any'}</option>`)}</select>`
    : html`<input type="${type}" name="${name}" value="${value}" maxlength="200" ${placeholder && html`placeholder="${placeholder}"`} />`
  return html`<label class="${type}">${label}${input}</label>`
}
