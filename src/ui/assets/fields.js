/**
 * The fields as a body for the API. Empty fields are not sent; a change (`patch`) sends only the fields that were changed,
 * and emptied ones as null.
 */
export function bodyOf(form) {
  const body = {}
  const isChange = form.dataset.method === 'patch'
  const inputs = [...form.elements].filter(
    ({ name, disabled, type }) => name && !disabled && type !== 'file' && type !== 'submit',
  )
  const changed = new Set(inputs.filter(isChanged).map(({ name }) => partOf(name)))
  for (const input of inputs) {
    if (isChange && input.type !== 'hidden' && !changed.has(partOf(input.name))) continue
    const value = readField(input)
    if (value !== undefined && input.name.endsWith('[]')) append(body, pathOf(input.name), value)
    else if (value !== undefined) setAt(body, pathOf(input.name), value)
  }
  if (isChange)
    for (const part of changed) if (valueAt(body, pathOf(part)) === undefined) setAt(body, pathOf(part), null)
  return withoutGaps(body)
}

/** Leaves out list rows that are empty. */
function withoutGaps(value) {
  if (Array.isArray(value)) return value.filter(() => true).map(withoutGaps)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutGaps(inner)]))
}

/** `config.weights` is an object in an object, `picks[0]` the first of a list. */
const pathOf = name => name.split(/[.[\]]+/).filter(Boolean)

/** Fields that are sent together: `config.missed_cut.rule` is part of `config.missed_cut`. */
const partOf = name => name.split('.').slice(0, 2).join('.')

export function isChanged(input) {
  if (input.closest('[data-moved]')) return true
  if (input.type === 'checkbox' || input.type === 'radio') return input.checked !== input.defaultChecked
  if (input.options) return [...input.options].some(option => option.selected !== option.defaultSelected)
  return input.value !== input.defaultValue
}

/** The field that an error is about: `config.weights.deads` belongs to `config.weights`, `picks.0` to `picks[0]`. */
export function fieldFor(form, path) {
  const inputs = [...form.elements].filter(({ name, type }) => name && type !== 'hidden')
  const paths = new Map(
    inputs.map(input => {
      const isGroup = input.type === 'radio' // the rules count groups, also those in which nothing is chosen
      return [input, (isGroup ? pathOf(input.name) : sentPath(inputs, input.name)).join('.')]
    }),
  )
  for (let name = path; name; name = name.slice(0, Math.max(0, name.lastIndexOf('.')))) {
    const input = inputs.findLast(input => paths.get(input) === name) // an empty row above has the same path
    if (input) return inputs.find(({ name }) => name === input.name)
  }
}

/** Where the value of a field is in the body: without the rows above that are empty. */
function sentPath(inputs, name) {
  const path = pathOf(name)
  const at = path.findIndex(part => /^\d+$/.test(part))
  if (at < 0) return path
  const rowsAbove = inputs
    .map(input => ({ input, path: pathOf(input.name) }))
    .filter(
      ({ path: other }) =>
        other.slice(0, at).join() === path.slice(0, at).join() && Number(other[at]) < Number(path[at]),
    )
  const filled = new Set(rowsAbove.filter(({ input }) => isFilled(input)).map(({ path }) => path[at]))
  return path.with(at, filled.size)
}

function isFilled(input) {
  try {
    return readField(input) !== undefined
  } catch {
    return true
  }
}

const minutes = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' }

/** `2026-03-29T08:00`: a moment as clocks in that zone show it, or in the reader's own. */
const clockIn = (at, timeZone) => new Intl.DateTimeFormat('sv', { ...minutes, timeZone }).format(at).replace(' ', 'T')

/** A moment in UTC, in `data-at`, as the time of the reader's zone or of the one in `data-in`. */
export function showInZone(input) {
  const at = new Date(input.dataset.at)
  if (!Number.isNaN(at.getTime())) input.defaultValue = clockIn(at, input.dataset.in)
}

/** The moment when clocks in that zone show this text. */
function momentIn(zone, text) {
  if (!zone) return new Date(text)
  const wanted = Date.parse(`${text}Z`)
  let at = wanted
  for (let i = 0; i < 2; i++) at += wanted - Date.parse(`${clockIn(at, zone)}Z`) // twice: the first result may be on the other side of a clock change
  return new Date(at)
}

export const readersZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone.replaceAll('_', ' ')

/** Names the reader's zone where times are asked in it. */
export function showZoneNames() {
  for (const element of document.querySelectorAll('[data-zone]')) element.textContent = `, ${readersZone()}`
}

function readField(input) {
  const type = input.dataset.type ?? input.type
  if (type === 'checkbox') return input.checked
  if (type === 'plain') return undefined // for the page that takes the form without script
  if (type === 'choice') return input.checked ? input.value : undefined
  if (type === 'tick') return input.checked ? Number(input.value) : undefined
  if (type === 'text-tick') return input.checked ? input.value : undefined
  if (type === 'radio' && !input.checked) return undefined
  const text = type === 'password' ? input.value : input.value.trim()
  if (text === '') return undefined
  if (type === 'number') return Number(text)
  if (type === 'cents') return Math.round(Number(text) * 100)
  if (type === 'pairs') return pairsOf(input, text)
  if (type === 'time' && input.type !== 'time') return momentIn(input.dataset.in, text).toISOString()
  if (type === 'list')
    return text
      .split(/\r?\n/)
      .map(line => line.trim())
      .filter(Boolean)
  return type === 'json' ? JSON.parse(text) : text // only our own hidden fields are JSON
}

/** `kills_t4 10` a line, or with `:` or `=` between. */
function pairsOf(input, text) {
  const linesOf = given => given.split(/\r?\n/).map(line => line.trim())
  const before = linesOf(input.defaultValue)
  const refuse = message => {
    const path = sentPath([...input.form.elements], input.name).join('.')
    throw Object.assign(new Error(`${labelOf(input)} cannot be read`), { errors: [{ path, message }] })
  }
  const pairs = new Map()
  for (const line of linesOf(text).filter(Boolean)) {
    const [, name, number] = line.match(/^([\s\S]*[^\s:=])[\s:=]+(\S+)$/) ?? []
    if (!name || !Number.isFinite(Number(number)))
      refuse(`“${line}” is no name with a number, such as “deads 80” or “deads 0.5”; thousands have no separators.`)
    if (/^[1-9]\d{0,2}\.\d{3}$/.test(number) && !before.includes(line))
      // thousands, as written in Germany
      refuse(`“${number}” may be ${number.replace('.', '')} or have three decimals: write that, or ${number}0.`)
    if (pairs.has(name)) refuse(`“${name}” stands twice.`)
    pairs.set(name, Number(number))
  }
  return Object.fromEntries(pairs)
}

function setAt(body, [name, ...rest], value) {
  if (!rest.length) body[name] = value
  else {
    if (typeof body[name] !== 'object' || body[name] === null) body[name] = /^\d+$/.test(rest[0]) ? [] : {}
    setAt(body[name], rest, value)
  }
}

function append(body, path, value) {
  const list = valueAt(body, path)
  if (list) list.push(value)
  else setAt(body, path, [value])
}

const valueAt = (body, [name, ...rest]) => (rest.length && body?.[name] ? valueAt(body[name], rest) : body?.[name])

const labelOf = input => input.labels?.[0]?.textContent ?? input.name
