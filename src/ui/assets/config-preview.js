// Shows which players would move with the settings in the form, before they are saved.
import { csrf } from './api.js'
import { bodyOf } from './fields.js'
import { clearErrors, showErrors } from './forms.js'

const part = document.getElementById('config-preview')
const button = document.querySelector('button[data-preview]')
button?.addEventListener('click', event => {
  event.preventDefault()
  show(button.form)
})

async function show(form) {
  if (part.getAttribute('aria-busy') === 'true') return
  clearErrors(form)
  try {
    bodyOf(form)
  } catch (error) {
    return showErrors(form, error.message, error.errors ?? []) // what cannot be saved is not previewed
  }
  button.setAttribute('aria-disabled', 'true')
  part.setAttribute('aria-busy', 'true')
  try {
    const response = await fetch(button.formAction, {
      method: 'POST',
      headers: { ...csrf(), accept: 'application/problem+json' },
      body: new URLSearchParams(new FormData(form)),
    })
    if (!response.ok) {
      const { detail, errors = [] } = await response.json()
      part.replaceChildren()
      return showErrors(form, detail, errors)
    }
    const page = new DOMParser().parseFromString(await response.text(), 'text/html')
    part.replaceChildren(...page.getElementById('config-preview').childNodes)
    part.scrollIntoView({ block: 'nearest' })
  } catch {
    showErrors(form, 'The server cannot be reached. Nothing is lost; try again.', [])
  } finally {
    button.removeAttribute('aria-disabled')
    part.removeAttribute('aria-busy')
  }
}
