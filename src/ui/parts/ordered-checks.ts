import { type Content, type Html, html } from '../../platform/html.ts'

type OrderedChecks = {
  label: string
  /** A list in the body, of what is ticked, in the order of the rows. */
  name: string
  /** In their present order. */
  choices: readonly { value: string; label: string; ticked: boolean }[]
  hint?: Content
  /** The name of the buttons that move a row, for pages that work without script. Without it a script moves the rows. */
  moveName?: string
}

/** Rows to tick and to move up and down. */
export const orderedChecks = ({ label, name, choices, hint, moveName }: OrderedChecks): Html => {
  const move = (direction: 'up' | 'down', value: string, text: string) =>
    html`<button type="${moveName ? 'submit' : 'button'}" class="small quiet ${!moveName && 'needs-js'}"${moveName && html` name="${moveName}" value="${direction}:${value}"`} data-move="${direction}" aria-label="Move ${text} ${direction}">${direction === 'up' ? '↑' : '↓'}</button>`
  return html`<fieldset class="ordered"><legend>${label}</legend>
${hint && html`<p class="hint">${hint}</p>`}
<ol>${choices.map(
    ({ value, label, ticked }) =>
      html`<li>${moveName && html`<input type="hidden" name="order" value="${value}" />`}<label><input type="checkbox" name="${name}[]" value="${value}" data-type="text-tick"${ticked && html` checked`} /> ${label}</label> ${move('up', value, label)} ${move('down', value, label)}</li>
`,
  )}</ol>
</fieldset>`
}
