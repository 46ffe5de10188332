// Imports of tables: the server checks a chosen file or pasted text first; without errors it can be sent again to import it.
import { csrf, Refused } from './api.js'
import { makeElement, makeTable, withClass } from './elements.js'
import { toast, toastOnNextPage } from './toast.js'

for (const form of document.querySelectorAll('[data-import]')) watch(form)

function watch(form) {
  const result = form.querySelector('[data-import-result]')
  const button = form.querySelector('[type=submit]')
  const { file, csv, month } = form.elements
  const allow = isAllowed => button.setAttribute('aria-disabled', String(!isAllowed)) // one that is disabled loses the focus
  let typing
  let latest = 0

  const chosen = () => file.files[0] ?? (csv.value.trim() && csv.value)
  async function send(trial) {
    const body = chosen()
    const query = new URLSearchParams({ ...(trial && { dry_run: true }), ...(month?.value && { month: month.value }) })
    const response = await fetch(form.dataset.import + (query.size ? `?${query}` : ''), {
      method: 'POST',
      headers: { ...csrf(), accept: 'application/json', 'content-type': 'text/csv' },
      body,
    }).catch(() => {
      throw new Error('The server cannot be reached. Nothing was imported; try again.')
    })
    const answer = await response.json().catch(() => ({}))
    if (!response.ok) throw new Refused(answer, response.status)
    return answer
  }
  async function check() {
    const request = ++latest
    allow(false)
    if (!chosen()) return result.replaceChildren()
    const answer = await send(true).catch(error => ({ errors: error.problem?.errors ?? [], failed: error.message }))
    if (request !== latest) return
    result.replaceChildren(...resultElements(answer))
    allow(!answer.failed && answer.errors.length === 0)
  }

  allow(false)
  button.disabled = false
  file.addEventListener('change', () => {
    csv.value = ''
    check()
  })
  const checkSoon = () => {
    clearTimeout(typing)
    typing = setTimeout(check, 400)
  }
  csv.addEventListener('input', () => {
    file.value = ''
    checkSoon()
  })
  month?.addEventListener('input', checkSoon)
  form.addEventListener('submit', async event => {
    event.preventDefault()
    if (button.getAttribute('aria-disabled') === 'true') return
    allow(false)
    try {
      const answer = await send(false)
      toastOnNextPage(countsText(answer))
      if (answer.draft_id) location.href = form.dataset.goTo.replace('{draft_id}', answer.draft_id)
      else location.reload()
    } catch (error) {
      toast(error.message)
      check()
    }
  })
}

function resultElements({
  errors,
  total_errors: total,
  failed,
  people,
  ignored_columns: ignored = [],
  notes = [],
  conflicts = [],
  total_conflicts: broken = 0,
  ...answer
}) {
  const howRead = [
    ...(ignored.length ? [`Not read, as no field is named like them: ${ignored.join(', ')}`] : []),
    ...notes,
  ].map(sentence => makeElement('p', sentence))
  if (errors.length) {
    const count = total ?? errors.length
    const mistakes = count === 1 ? '1 mistake' : `${count} mistakes`
    const more = count > errors.length ? `; the first ${errors.length} are` : ''
    const head = withClass('loss', makeElement('p', `${mistakes} to correct before anything is imported${more}:`))
    return [
      head,
      makeTable(
        ['Where', 'What is wrong'],
        errors.map(({ path, message }) => [path, message]),
      ),
      ...howRead,
    ]
  }
  if (failed) return [withClass('loss', makeElement('p', failed))]
  const rows = (people ?? [])
    .filter(({ staff_id, changes }) => staff_id === null || changes.length)
    .map(({ line, name, staff_id, changes }) => [line, name, staff_id === null ? 'new' : changes.join(', ')])
  return [
    makeElement('p', `${countsText(answer)}. Nothing is written yet.`),
    ...howRead,
    ...(rows.length ? [makeTable(['Line', 'Name', 'What'], rows)] : []),
    ...(broken
      ? [
          withClass('loss', makeElement('p', brokenText(broken, conflicts.length))),
          makeTable(
            ['Where', 'Which rule'],
            conflicts.map(({ path, message }) => [path, message]),
          ),
        ]
      : []),
  ]
}

function brokenText(count, shown) {
  const rules = count === 1 ? '1 rule is broken' : `${count} rules are broken`
  const more = count > shown ? ` The first ${shown}:` : ''
  return `${rules}. The draft marks them, and can be published once they are mended.${more}`
}

const counted = (count, one, many) => `${count} ${count === 1 ? one : many}`
const countsText = ({ created, changed, unchanged, skipped, placed, already_placed: standing, days_away: away }) =>
  (placed === undefined
    ? [
        `${created} new`,
        changed !== undefined && `${changed} changed`,
        unchanged > 0 && `${unchanged} unchanged`,
        skipped > 0 && `${skipped} already there`,
      ]
    : [
        `${counted(placed, 'place', 'places')} in a draft`,
        standing > 0 && `${counted(standing, 'place', 'places')} so already`,
        counted(created, 'new shift', 'new shifts'),
        away > 0 && `${counted(away, 'day', 'days')} of leave`,
      ]
  )
    .filter(Boolean)
    .join(', ')
