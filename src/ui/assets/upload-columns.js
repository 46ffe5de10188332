// Shows what each column of a sheet is read as, and lets the user change it.
import { makeElement, makeTable, withClass } from './elements.js'

const roles = { id: 'Player id', name: 'Name', metric: 'Metric', label: 'Label', none: 'Leave out' }
const roleOf = as =>
  as === null ? 'none' : as === 'id' || as === 'name' ? as : as.startsWith('label:') ? 'label' : 'metric'
const wordsOf = name => name.replaceAll('_', ' ')
const capital = text => text.charAt(0).toUpperCase() + text.slice(1)
const quoted = list => list.map(({ header }) => `“${header}”`).join(', ')

/** One sentence for each role, and what is missing. */
export function formatText({ format, worksheet, header_line, columns, remembered }) {
  const withRole = role => columns.filter(({ as }) => roleOf(as) === role)
  const [id] = withRole('id')
  const [name] = withRole('name')
  const parts = [
    `${format.toUpperCase()}${worksheet ? `, worksheet “${worksheet}”` : ''}, headings on line ${header_line}.`,
    id ? `Player id: “${id.header}”.` : 'No player id found: choose the column that tells players apart.',
    name ? `Name: “${name.header}”.` : 'No names: known names are kept.',
    withRole('metric').length ? `Metrics: ${quoted(withRole('metric'))}.` : 'No metric found.',
    ...withRole('label').map(({ header, as }) => `${capital(wordsOf(as.slice(6)))}: “${header}”.`),
  ]
  if (withRole('none').length) parts.push(`Left out: ${quoted(withRole('none').filter(({ header }) => header))}.`)
  if (remembered) parts.push('As you chose for these headings before.')
  return parts.join(' ')
}

/** A table of the columns with a choice for each; `suggested` makes the default name of a metric. `mapping()` returns the choices, undefined while nothing was changed. */
export function columnChoices({ columns }, id, suggested = header => header) {
  const choices = columns.filter(({ header }) => header).map((column, i) => choice(column, `${id}-${i}`, suggested))
  const chosen = () => Object.fromEntries(choices.map(({ header, value }) => [header, value()]))
  const before = JSON.stringify(chosen())
  return {
    element: makeTable(
      ['In the sheet', 'Read as', 'Called', 'First values'],
      choices.map(({ header, samples, role, name }) => [header, role, name, samples]),
    ),
    mapping: () => (JSON.stringify(chosen()) === before ? undefined : JSON.stringify(chosen())),
    /** Why it cannot be sent like this; undefined if it can. */
    fault() {
      const count = wanted => choices.filter(({ role }) => role.value === wanted).length
      if (count('id') !== 1) return 'Choose one column as the player id: it tells players apart from scan to scan.'
      if (count('name') > 1) return 'Only one column can be the name.'
      if (!count('metric')) return 'Choose at least one column as a metric.'
      const unnamed = choices.find(({ role, name }) => !name.hidden && !name.value.trim() && role.value !== 'none')
      return unnamed && `Give “${unnamed.header}” a name.`
    },
  }
}

function choice({ header, as, samples }, id, suggested) {
  const role = makeElement('select')
  for (const [value, label] of Object.entries(roles)) {
    const option = makeElement('option', label)
    option.value = value
    option.selected = option.defaultSelected = value === roleOf(as)
    role.append(option)
  }
  role.id = id
  role.setAttribute('aria-label', `Read “${header}” as`)
  const name = makeElement('input')
  name.setAttribute('aria-label', `What “${header}” is called`)
  name.maxLength = 60
  const showName = () => {
    const isNamed = role.value === 'metric' || role.value === 'label'
    name.hidden = !isNamed
    if (isNamed && !name.value) name.value = role.value === 'label' ? 'alliance' : suggested(header)
  }
  const known = roleOf(as)
  if (known === 'metric') name.value = as
  if (known === 'label') name.value = as.slice('label:'.length)
  showName()
  role.addEventListener('change', showName)
  const value = () => {
    if (role.value === 'none') return null
    if (role.value === 'metric') return name.value.trim()
    return role.value === 'label' ? `label:${name.value.trim()}` : role.value
  }
  return {
    header,
    role,
    name,
    value,
    samples: withClass('samples', makeElement('span', samples.filter(Boolean).slice(0, 3).join(' · ') || '–')),
  }
}
