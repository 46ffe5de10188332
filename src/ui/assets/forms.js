// Forms marked `data-api` talk JSON to the API; see parts/form.ts for their attributes.
import { call } from './api.js'
import { askInDialog } from './dialog.js'
import { bodyOf, fieldFor, showInZone, showZoneNames } from './fields.js'
import { follow } from './jobs.js'
import { morph } from './morph.js'
import { hideToast, toast, toastOnNextPage } from './toast.js'

for (const input of document.querySelectorAll('input[data-at]')) showInZone(input)
showZoneNames()
document.addEventListener('fieldhouse:changed', showZoneNames)

document.addEventListener('submit', event => {
  const form = event.target
  if (!form.matches('form[data-api]')) return
  event.preventDefault()
  send(form, event.submitter)
})

async function send(form, button) {
  if (form.getAttribute('aria-busy') === 'true') return
  const { method, confirm, ask, askName, askOptional, follow: follows, done } = form.dataset
  const label = button?.firstChild.textContent ?? 'Continue' // without what it is about, which the question says
  const field = ask && { label: ask, optional: askOptional !== undefined }
  const given = confirm && (await askInDialog(confirm, label, button?.classList.contains('danger'), field))
  if (confirm && given === undefined) return
  clearErrors(form)
  let body
  try {
    body = { ...bodyOf(form), ...(ask && given && { [askName]: given }) }
  } catch (error) {
    return showErrors(form, error.message, error.errors ?? [])
  }
  button?.setAttribute('aria-disabled', 'true') // one that is disabled loses the focus
  form.setAttribute('aria-busy', 'true')
  try {
    let answer = await call(method, form.dataset.to ?? form.getAttribute('action'), body, keyOf(form, body))
    unanswered.delete(form)
    if (follows !== undefined && answer.job_id && answer.status !== 'skipped') {
      const job = await follow(answer.job_id, form)
      answer = { ...answer, ...job, message: job.result?.message ?? answer.message }
    }
    showSuccess(form, answer, done && fillIn(done, answer))
  } catch (error) {
    if (error.problem) unanswered.delete(form)
    showErrors(form, error.message, error.problem?.errors ?? [])
  } finally {
    button?.removeAttribute('aria-disabled')
    form.removeAttribute('aria-busy')
  }
}

/** Requests without an answer: sent again unchanged, they have the same key and are done once. */
const unanswered = new WeakMap()
function keyOf(form, body) {
  if (form.dataset.once === undefined) return {}
  const text = JSON.stringify(body)
  const known = unanswered.get(form)
  const key = known?.text === text ? known.key : crypto.getRandomValues(new BigUint64Array(2)).join('')
  unanswered.set(form, { text, key })
  return { 'idempotency-key': key }
}

function showSuccess(form, answer, done) {
  form.dispatchEvent(new CustomEvent('fieldhouse:done', { bubbles: true, detail: answer }))
  const { goTo, renews } = form.dataset
  if (renews) renew(renews)
  const shown = form.querySelectorAll('[data-answer]')
  for (const part of shown) {
    const text = answer[part.dataset.answer] ?? ''
    part.querySelector('output').textContent = text
    const calendar = part.querySelector('[data-calendar]')
    if (calendar) calendar.href = text.replace(/^https?:/, 'webcal:') // what calendars subscribe to at a tap
    part.hidden = answer[part.dataset.answer] == null
    if (!part.hidden) part.focus()
  }
  if (goTo === 'stay' || renews || shown.length) return done && toast(done)
  if (done) toastOnNextPage(done)
  if (!goTo) return location.reload()
  location.assign(fillIn(goTo, answer, encodeURIComponent))
}

/** `/leagues/{id}` with parts of the answer in their places. */
const fillIn = (text, answer, write = String) => text.replaceAll(/\{(\w+)\}/g, (_, part) => write(answer[part] ?? ''))

/** Updates a part of this page from the server. */
async function renew(id) {
  const response = await fetch(location.href, { headers: { accept: 'text/html' } }).catch(() => undefined)
  if (!response?.ok) return
  const page = new DOMParser().parseFromString(await response.text(), 'text/html')
  morph(document.getElementById(id), page.getElementById(id).innerHTML)
}

export function clearErrors(form) {
  for (const error of form.querySelectorAll('.error')) error.hidden = true
  for (const input of form.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid')
  const summary = form.querySelector('[data-refusal]')
  if (summary) summary.hidden = true
}

/** `config.missed_cut.rule` as people say it: Missed cut rule. */
const nameOf = path =>
  path
    .replace(/^config\./, '')
    .replaceAll(/[.[](\d+)\]?/g, (_, index) => ` ${Number(index) + 1}`)
    .replaceAll(/[._]/g, ' ')
    .replace(/^./, letter => letter.toUpperCase())

/** Shows errors next to their fields, and the others in one notice. Focus goes to the first of them. */
export function showErrors(form, message, errors) {
  const named = errors.filter(({ path, message }) => {
    const input = fieldFor(form, path)
    if (!input) return false
    const place = document.getElementById(`${input.id}-error`)
    if (!place) return false
    input.setAttribute('aria-invalid', 'true')
    place.textContent = message
    place.hidden = false
    return true
  })
  const summary = form.querySelector('[data-refusal]')
  if (!summary) return toast(message)
  hideToast()
  if (named.length < errors.length || !named.length) {
    const others = errors
      .filter(error => !named.includes(error))
      .map(({ path, message }) => `${nameOf(path)}: ${message}`)
    summary.textContent = named.length || others.length ? [...new Set([message, ...others])].join(' · ') : message
    summary.hidden = false
  }
  const first = form.querySelector('[aria-invalid]') ?? summary
  for (const details of form.querySelectorAll('details:has([aria-invalid])')) details.open = true
  first.focus({ preventScroll: true })
  const sentence = document.getElementById(`${first.id}-error`) ?? first
  sentence.scrollIntoView({ block: 'center' }) // at the edge a part that stays in sight may cover it
}
