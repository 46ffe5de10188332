// Sends a sheet with a real progress bar, follows its import, and shows what a trial found.
import { csrf } from './api.js'
import { bodyOf } from './fields.js'
import { showErrors } from './forms.js'
import { follow } from './jobs.js'
import { toast } from './toast.js'

const form = document.querySelector('form[data-upload]')
if (form) prepare(form)

function prepare(form) {
  const drop = form.querySelector('.drop')
  const file = form.elements.file
  for (const type of ['dragenter', 'dragover']) {
    drop.addEventListener(type, event => {
      event.preventDefault()
      drop.classList.add('over')
    })
  }
  for (const type of ['dragleave', 'drop']) drop.addEventListener(type, () => drop.classList.remove('over'))
  drop.addEventListener('drop', event => {
    event.preventDefault()
    file.files = event.dataTransfer.files
  })
  form.addEventListener('submit', event => {
    event.preventDefault()
    submit(form)
  })
}

async function submit(form) {
  const [file] = form.elements.file.files
  const fields = bodyOf(form)
  const button = form.querySelector('button[type=submit]')
  button.disabled = true
  form.querySelector('[data-refusal]').hidden = true
  document.querySelector('[data-trial]').replaceChildren()
  try {
    const answer = await send(form, file, fields)
    refreshHistory()
    if (answer.duplicate) {
      toast('These very bytes were sent before; nothing was done twice')
    } else {
      const job = await follow(answer.job_id, form)
      if (fields.dry_run) showTrial(job.result)
      else toast(`${file.name} is on the board`)
    }
    if (!fields.dry_run) form.reset()
  } catch (error) {
    showErrors(form, error.message, error.problem?.errors ?? [])
  } finally {
    button.disabled = false
    refreshHistory()
  }
}

const refreshHistory = () => document.querySelector('[data-live]')?.dispatchEvent(new Event('fieldhouse:refresh'))

function send(form, file, fields) {
  const body = new FormData()
  for (const [name, value] of Object.entries(fields)) body.append(name, String(value))
  body.append('file', file) // last: whoever reads the stream knows by then what it is
  const place = form.querySelector('[data-sending]')
  const [text, bar, stop] = [place.querySelector('p'), place.querySelector('progress'), place.querySelector('button')]
  const request = new XMLHttpRequest()
  const began = performance.now()
  request.open('POST', form.getAttribute('action'))
  for (const [name, value] of Object.entries(csrf())) request.setRequestHeader(name, value)
  request.responseType = 'json'
  place.hidden = false
  stop.onclick = () => request.abort()
  request.upload.onprogress = ({ loaded, total }) => {
    bar.value = (100 * loaded) / total
    const rate = loaded / (performance.now() - began) // bytes a ms
    const left = Math.ceil((total - loaded) / rate / 1000)
    text.textContent = loaded < total ? `${size(loaded)} of ${size(total)}, ${left} s left` : 'Sent; being written down'
  }
  return new Promise((resolve, reject) => {
    const end = settle => value => {
      place.hidden = true
      settle(value)
    }
    request.onload = () => {
      const answer = request.response ?? {}
      if (request.status < 400) return end(resolve)(answer)
      end(reject)(
        Object.assign(new Error(answer.detail ?? `The server answered ${request.status}`), { problem: answer }),
      )
    }
    request.onerror = () => end(reject)(new Error('The connection was lost; nothing was taken. Try again.'))
    request.onabort = () => end(reject)(new Error('Stopped; nothing was taken.'))
    request.send(body)
  })
}

const size = bytes => (bytes < 1024 ** 2 ? `${Math.ceil(bytes / 1024)} kB` : `${(bytes / 1024 ** 2).toFixed(1)} MB`)

const count = number => (number ?? 0).toLocaleString('en')

/** What a dry run found. Everything is text: it came from somebody's sheet. */
function showTrial({ mapping, rows_total, rows_ok, rows_bad, errors = [], summary = {} }) {
  const place = document.querySelector('[data-trial]')
  const facts = [`${count(rows_total)} rows`, `${count(rows_ok)} good`, `${count(rows_bad)} bad`]
  for (const part of ['new', 'missing', 'renamed', 'suspicious'])
    if (summary[part] !== undefined) facts.push(`${count(summary[part])} ${part}`)
  const title = made('h3', 'What it would do')
  title.tabIndex = -1
  place.replaceChildren(title, made('p', facts.join(' · ')))
  for (const warning of summary.warnings ?? []) {
    const notice = made('p', warning)
    notice.className = 'notice warn'
    place.append(notice)
  }
  place.append(table(['In the sheet', 'Read as'], Object.entries(mapping ?? {})))
  if (errors.length) {
    place.append(made('h3', 'Bad rows, the first of them'))
    const rows = errors.map(error => [error.line, error.column, error.value, error.reason])
    place.append(table(['Line', 'Column', 'Value', 'Why'], rows))
  }
  title.focus()
}

function table(heads, rows) {
  const frame = made('div')
  frame.className = 'sheet'
  const table = made('table')
  table.className = 'dense'
  table.append(made('thead', row('th', heads)), made('tbody', ...rows.map(cells => row('td', cells))))
  frame.append(table)
  return frame
}
const row = (tag, cells) => made('tr', ...cells.map(cell => made(tag, String(cell ?? '–'))))
function made(tag, ...content) {
  const element = document.createElement(tag)
  element.append(...content)
  return element
}
