// Sends sheets: each chosen file is shown as it would be read, can be tried, and is imported with a progress bar.
import { showErrors } from './forms.js'
import { uploadCard } from './upload-card.js'

const form = document.querySelector('form[data-upload]')
if (form) prepare(form)

function prepare(form) {
  const drop = form.querySelector('.drop')
  const file = form.elements.file
  const place = form.querySelector('[data-files]')
  let cards = []
  for (const type of ['dragenter', 'dragover']) {
    drop.addEventListener(type, event => {
      event.preventDefault()
      drop.classList.add('over')
    })
  }
  for (const type of ['dragleave', 'drop']) drop.addEventListener(type, () => drop.classList.remove('over'))
  const show = () => {
    cards = [...file.files].map((each, i) => uploadCard(form, each, { isFirst: i === 0 }))
    place.replaceChildren(...cards.map(({ element }) => element))
    form.querySelector('[data-refusal]').hidden = true
  }
  drop.addEventListener('drop', event => {
    event.preventDefault()
    file.files = event.dataTransfer.files
    show()
  })
  file.addEventListener('change', show)
  form.addEventListener('submit', event => {
    event.preventDefault()
    send(form, cards, event.submitter?.value === 'trial')
  })
  form.addEventListener('fieldhouse:worksheets', ({ detail: { card, names } }) => {
    const added = names.map(worksheet => uploadCard(form, card.file, { worksheet }))
    cards.splice(cards.indexOf(card) + 1, 0, ...added)
    card.element.after(...added.map(({ element }) => element))
  })
  form.addEventListener('fieldhouse:import', ({ detail }) => send(form, [detail], false))
}

/** Oldest first, so that each is compared with the scan before it. */
async function send(form, cards, isTrial) {
  const buttons = form.querySelectorAll('button')
  for (const button of buttons) button.disabled = true
  form.querySelector('[data-abort]').disabled = false
  try {
    const dated = await Promise.all(cards.map(async card => ({ card, at: await card.takenAt() })))
    const sent = []
    for (const { card } of dated.toSorted((a, b) => a.at - b.at)) {
      sent.push(await card.send(isTrial))
      refreshHistory()
    }
    if (sent.length && sent.every(Boolean)) form.elements.file.value = '' // the results stay on the page
  } catch (error) {
    showErrors(form, error.message, error.problem?.errors ?? [])
  } finally {
    for (const button of buttons) button.disabled = false
    refreshHistory()
  }
}

const refreshHistory = () => document.querySelector('[data-live]')?.dispatchEvent(new Event('fieldhouse:refresh'))
