// One chosen file: how the server reads it, its kind and date, and the result of its import.
import { makeElement, makeTable, withClass } from './elements.js'
import { readersZone, showInZone } from './fields.js'
import { follow } from './jobs.js'
import { sendFile, size } from './send-file.js'
import { toast } from './toast.js'
import { columnChoices, formatText } from './upload-columns.js'

const inMyZone = `In your time zone, ${readersZone()}`
const headBytes = 256 * 1024 // of a text file: enough to see what it is
const dateHints = {
  sheet: 'As the sheet says.',
  filename: 'As the file name says.',
  sent: 'Neither the sheet nor its file name has a date; if left blank, the time of the upload is used.',
}
let cards = 0

/** `worksheet`: the one to read of a workbook that already has a card. */
export function uploadCard(form, file, { isFirst = false, worksheet = '' } = {}) {
  const id = `card-${++cards}`
  const { url } = form.dataset // its action is for browsers without JavaScript
  const element = withClass('file', makeElement('section'))
  const title = makeElement('h3', file.name, ' ', withClass('quiet', makeElement('small', size(file.size))))
  const words = makeElement('p', 'Reading the file …')
  words.setAttribute('role', 'status')
  const kind = form.querySelector('.without-js [name=kind]').cloneNode(true)
  kind.id = `${id}-kind`
  if (!isFirst) kind.value = 'current'
  const date = Object.assign(makeElement('input'), { type: 'datetime-local', id: `${id}-taken` })
  const hint = withClass('hint', makeElement('p', inMyZone))
  const error = withClass('error', makeElement('p'))
  error.hidden = true
  const sheet = Object.assign(makeElement('select'), { id: `${id}-worksheet` })
  const more = withClass('hint', makeElement('p'))
  const sheetField = field('Worksheet', sheet, more)
  sheetField.hidden = true
  const fields = withClass(
    'columns',
    makeElement('div', field('What it is', kind), field('Date of this data', date, hint, error), sheetField),
  )
  const result = makeElement('div')
  result.dataset.result = ''
  const notes = makeElement('div')
  element.append(title, words, notes, fields, result)
  const chosenWorksheet = () => sheet.value || worksheet
  let isAlone = worksheet === '' // no card for another worksheet was added
  let columns
  let details
  let previews = 0

  /** An extra sheet must not reuse the column names of the scans, so its metrics get other names by default. */
  const suggested = header => (kind.value === 'extra' ? `verified ${header}` : header)

  async function preview() {
    const round = ++previews
    result.replaceChildren()
    const isCut = !/\.xls[xm]$/i.test(file.name) && file.size > headBytes
    try {
      const seen = await sendFile(
        `${url}/preview`,
        {
          kind: kind.value,
          ...(isCut && { is_cut: true }),
          ...(chosenWorksheet() && { worksheet: chosenWorksheet() }),
        },
        isCut ? file.slice(0, headBytes) : file,
        file.name,
      )
      if (round !== previews) return // its kind or worksheet was changed in the meantime
      fields.hidden = false
      words.textContent = [formatText(seen), kind.value === 'extra' && seen.problem?.message].filter(Boolean).join(' ')
      notes.replaceChildren(...seen.notes.map(note => notice('warn', note)))
      if (seen.worksheets.length > 1) showWorksheets(seen)
      columns = columnChoices(seen, id, suggested)
      details?.remove()
      details = makeElement('details', makeElement('summary', 'Columns and first rows'), columns.element)
      details.open = seen.problem !== null
      result.before(details)
      hint.textContent = `${dateHints[seen.taken_from]} ${inMyZone}`
      date.defaultValue = ''
      if (seen.taken_from === 'sent') return
      date.dataset.at = seen.taken_at
      showInZone(date)
    } catch (refusal) {
      words.textContent = ''
      notes.replaceChildren()
      fields.hidden = refusal.problem?.errors?.some(({ path }) => path === 'file') ?? false // another kind or date would not help
      result.replaceChildren(notice('bad', refusal.message))
    }
  }
  let previewed = preview()
  for (const choice of [kind, sheet])
    choice.addEventListener('change', () => {
      previewed = preview()
    })

  /** The worksheets to choose from, and one click for those that look the same. */
  function showWorksheets({ worksheet: read, worksheets }) {
    sheet.replaceChildren(...worksheets.map(({ name }) => new Option(name, name, name === read, name === read)))
    sheetField.hidden = false
    const names = worksheets.filter(({ name, alike }) => alike && name !== read).map(({ name }) => name)
    more.replaceChildren()
    if (!isAlone || names.length === 0) return
    const text = names.length === 1 ? `Add “${names[0]}” too` : `Add the other ${names.length} too`
    const add = withClass('small quiet', Object.assign(makeElement('button', text), { type: 'button' }))
    add.addEventListener('click', () => {
      add.remove()
      isAlone = false
      form.dispatchEvent(new CustomEvent('fieldhouse:worksheets', { detail: { card, names } }))
    })
    more.append(add)
  }

  /** Imports the file, or only tries it. Resolves with whether it is on the board. */
  async function send(isTrial) {
    await previewed
    error.hidden = true
    const fault = columns?.fault()
    if (fault) {
      details.open = true
      return showResult(notice('bad', fault))
    }
    const options = { kind: kind.value, mode: form.elements.mode.value, dry_run: isTrial }
    if (date.value && date.value !== date.defaultValue) options.taken_at = new Date(date.value).toISOString()
    const mapping = columns?.mapping()
    if (mapping) options.mapping = mapping
    if (chosenWorksheet()) options.worksheet = chosenWorksheet()
    result.replaceChildren()
    try {
      const answer = await sendFile(url, options, file, file.name, form.querySelector('[data-sending]'))
      if (answer.duplicate)
        return showResult(
          notice(
            'warn',
            'This exact file was sent before; nothing was done. Its figures as of another day are another scan: set the date.',
          ),
        )
      const job = await follow(answer.job_id, result)
      if (isTrial) return showTrial(job.result)
      if (job.result?.status === 'held') return showHeld(job.result)
      showImported(job.result)
      toast(`${file.name} is imported`)
      return true
    } catch (refusal) {
      const dated = refusal.problem?.errors?.find(({ path }) => path === 'taken_at')
      if (!dated) return showResult(notice('bad', [refusal.message, ...others(refusal)].join(' · ')))
      error.textContent = dated.message
      error.hidden = false
      date.focus()
    }
    return false
  }

  function showResult(...content) {
    result.replaceChildren(...content)
    content[0].tabIndex = -1
    content[0].focus()
    return false
  }

  function showImported(imported) {
    const isBaseline = kind.value === 'baseline'
    const shown = isBaseline ? 'Imported as the baseline.' : 'On the board.'
    const kept = isBaseline
      ? 'Kept, but a newer baseline counts.'
      : 'Kept for the time it was taken; the board shows a newer one.'
    const isShown = imported.is_newest || kind.value === 'extra'
    showResult(
      notice(
        isShown && imported.rows_bad === 0 ? 'good' : 'warn',
        `${isShown ? shown : kept} ${factsText(imported, imported)}. `,
        linkTo(imported.upload_id, 'See what was read'),
      ),
      ...imported.warnings.map(text => notice('warn', text)),
    )
  }

  const linkTo = (upload, text) => Object.assign(makeElement('a', text), { href: `${location.pathname}/${upload}` })

  /** How its rows were read and which players changed, without what is none. */
  function factsText({ rows_total, rows_bad }, summary) {
    const parts = kind.value === 'extra' ? ['unknown'] : ['new', 'missing', 'renamed', 'suspicious']
    const counts = [['bad', rows_bad], ...parts.map(part => [part, summary[part]]), ['repeated', summary.duplicates]]
    const facts = counts.filter(([, number]) => number > 0).map(([part, number]) => `${count(number)} ${part}`)
    return [`${count(rows_total)} ${rows_total === 1 ? 'row' : 'rows'}`, ...facts].join(' · ')
  }

  function showHeld({ doubts, upload_id }) {
    return showResult(
      notice(
        'warn',
        'Held, as it looks wrong: ',
        ...doubts.map(({ message }) => `${message}${message.endsWith('?') ? '' : '.'} `),
        linkTo(`${upload_id}#held`, 'Answer'),
      ),
    )
  }

  /** The first players behind each count. */
  function playersParts(people, summary) {
    return [...Map.groupBy(people, ({ change }) => change)].map(([change, players]) => {
      const [shown, total] = [players.length, summary[change]]
      const more =
        shown < total ? [makeElement('p', `The first ${shown}; all are listed once the file is imported.`)] : []
      const list = makeTable(
        ['Name', 'Id'],
        players.map(({ name, player_id }) => [name, player_id]),
      )
      return makeElement('details', makeElement('summary', `${count(total)} ${change}`), ...more, list)
    })
  }

  function showTrial({ read_as, errors = [], doubts = [], summary = {}, people = [], ...rows }) {
    const button = Object.assign(makeElement('button', 'Import this file'), { type: 'button' })
    button.addEventListener('click', () => form.dispatchEvent(new CustomEvent('fieldhouse:import', { detail: card })))
    const warnings = [...(summary.warnings ?? []), ...doubts.map(({ message }) => `It would be held: ${message}`)]
    const trial = makeElement(
      'div',
      makeElement('h4', 'What this file would change'),
      makeElement('p', factsText(rows, summary)),
      ...playersParts(people, summary),
      ...warnings.map(text => notice('warn', text)),
    )
    trial.dataset.trial = ''
    notes.replaceChildren() // they are among the warnings
    trial.append(
      withClass('submit', makeElement('div', button)),
      makeTable(['In the sheet', 'Read as'], Object.entries(read_as ?? {})),
    )
    if (errors.length)
      trial.append(
        makeElement('h4', 'The first rows to look at'),
        makeTable(
          ['Line', 'Column', 'Value', 'Why'],
          errors.map(({ line, column, value, reason }) => [line, column, value, reason]),
        ),
      )
    return showResult(trial)
  }

  const card = {
    element,
    file,
    send,
    takenAt: () => previewed.then(() => (date.value ? new Date(date.value).getTime() : Date.now())),
  }
  return card
}

const count = number => (number ?? 0).toLocaleString('en')
const notice = (tone, ...content) => withClass(`notice ${tone}`, makeElement('p', ...content))
const others = ({ problem }) =>
  (problem?.errors ?? []).filter(({ path }) => path !== 'file').map(({ path, message }) => `${path} ${message}`)

function field(text, input, ...more) {
  const label = makeElement('label', text)
  label.htmlFor = input.id
  return withClass('field', makeElement('div', label, input, ...more))
}
