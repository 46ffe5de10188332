// Forms marked `data-api` talk JSON to the API; see parts/form.ts for what they may say.
import { call } from './api.js'
import { confirmed } from './dialog.js'
import { follow } from './jobs.js'
import { said, sayNext } from './said.js'

const pad = number => String(number).padStart(2, '0')
for (const input of document.querySelectorAll('input[data-at]')) {
  const at = new Date(input.dataset.at)
  if (Number.isNaN(at.getTime())) continue
  const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`
  input.value = `${day}T${pad(at.getHours())}:${pad(at.getMinutes())}`
}

document.addEventListener('submit', event => {
  const form = event.target
  if (!form.matches('form[data-api]')) return
  event.preventDefault()
  send(form, event.submitter)
})

async function send(form, button) {
  const { method, confirm, follow: follows, done } = form.dataset
  const label = button?.textContent ?? 'Go on'
  if (confirm && !(await confirmed(confirm, label, button?.classList.contains('danger')))) return
  clearErrors(form)
  let body
  try {
    body = bodyOf(form)
  } catch (error) {
    return showErrors(form, error.message, error.errors ?? [])
  }
  if (button) button.disabled = true
  form.setAttribute('aria-busy', 'true')
  try {
    let answer = await call(method, form.getAttribute('action'), body)
    if (follows && answer.job_id) answer = { ...answer, ...(await follow(answer.job_id, form)) }
    goOn(form, answer, done)
  } catch (error) {
    showErrors(form, error.message, error.problem?.errors ?? [])
  } finally {
    if (button) button.disabled = false
    form.removeAttribute('aria-busy')
  }
}

function goOn(form, answer, done) {
  form.dispatchEvent(new CustomEvent('fieldhouse:done', { bubbles: true, detail: answer }))
  const { goTo } = form.dataset
  const shown = form.querySelectorAll('[data-answer]')
  for (const part of shown) {
    part.querySelector('output').textContent = answer[part.dataset.answer] ?? ''
    part.hidden = false
  }
  if (goTo === 'stay' || shown.length) return done && said(done)
  if (done) sayNext(done)
  if (!goTo) return location.reload()
  location.assign(goTo.replaceAll(/\{(\w+)\}/g, (_, part) => encodeURIComponent(answer[part] ?? '')))
}

/** The fields as the API wants them; what is left empty is not sent. */
export function bodyOf(form) {
  const body = {}
  for (const input of form.elements) {
    if (!input.name || input.disabled || input.type === 'file') continue
    const value = readField(input)
    if (value !== undefined) put(body, input.name.split('.'), value)
  }
  return body
}

function readField(input) {
  const type = input.dataset.type ?? input.type
  if (type === 'checkbox') return input.checked
  if (type === 'radio' && !input.checked) return undefined
  const text = type === 'password' ? input.value : input.value.trim()
  if (text === '') return undefined
  if (type === 'number') return Number(text)
  if (type === 'cents') return Math.round(Number(text) * 100)
  if (type === 'pairs') return pairsOf(text)
  if (type === 'time') return new Date(text).toISOString()
  if (type === 'list')
    return text
      .split(/\r?\n/)
      .map(line => line.trim())
      .filter(Boolean)
  if (type !== 'json') return text
  try {
    return JSON.parse(text)
  } catch (error) {
    throw Object.assign(new Error(`${labelOf(input)} cannot be read`), {
      errors: [{ path: input.name, message: `is not JSON: ${error.message}` }],
    })
  }
}

/** `kills_t4 10` a line, or with `:` or `=` between. */
const pairsOf = text =>
  Object.fromEntries(
    text
      .split(/\r?\n/)
      .map(line => line.trim().match(/^(.+?)[\s:=]+(\S+)$/))
      .filter(Boolean)
      .map(([, name, number]) => [name, Number(number)]),
  )

function put(body, [name, ...rest], value) {
  if (!rest.length) body[name] = value
  else put((body[name] ??= {}), rest, value)
}

const labelOf = input => input.labels?.[0]?.textContent ?? input.name

function clearErrors(form) {
  for (const error of form.querySelectorAll('.error')) error.hidden = true
  for (const input of form.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid')
  const summary = form.querySelector('[data-refusal]')
  if (summary) summary.hidden = true
}

/** Beside the fields that are named, and all that names none in one notice. Focus goes to the first of them. */
export function showErrors(form, message, errors) {
  const named = errors.filter(({ path, message }) => {
    const input = form.elements[path]
    if (!input || input.type === 'hidden') return false
    const place = document.getElementById(`${input.id}-error`)
    input.setAttribute('aria-invalid', 'true')
    place.textContent = message
    place.hidden = false
    return true
  })
  const summary = form.querySelector('[data-refusal]')
  if (!summary) return said(message)
  if (named.length < errors.length || !named.length) {
    const others = errors.filter(error => !named.includes(error)).map(({ path, message }) => `${path} ${message}`)
    summary.textContent = named.length || others.length ? [...new Set([message, ...others])].join(' · ') : message
    summary.hidden = false
  }
  ;(form.querySelector('[aria-invalid]') ?? summary).focus()
}
