/**
 * Asks in a dialog of the page, with an input if a `field` is given. Resolves with its text ('' without a field), or with
 * undefined for no, which is what Escape and Cancel mean.
 */
export function askInDialog(question, label, isDanger, field) {
  const dialog = document.createElement('dialog')
  const text = document.createElement('p')
  text.textContent = question
  text.id = 'dialog-question'
  dialog.setAttribute('aria-labelledby', text.id)
  const form = document.createElement('form')
  form.method = 'dialog'
  const cancel = button('Cancel', 'quiet')
  cancel.type = 'button' // else Enter in the field would cancel
  cancel.addEventListener('click', () => dialog.close())
  const go = button(label, isDanger ? 'danger' : '')
  go.value = 'yes'
  const input = field && textField(field)
  if (input) form.append(input.parentElement)
  form.append(cancel, go)
  dialog.append(text, form)
  document.body.append(dialog)
  dialog.showModal()
  return new Promise(resolve => {
    dialog.addEventListener('close', () => {
      dialog.remove()
      resolve(dialog.returnValue === 'yes' ? (input?.value.trim() ?? '') : undefined)
    })
  })
}

function button(label, className) {
  const element = document.createElement('button')
  element.textContent = label
  element.className = className
  return element
}

function textField({ label, optional }) {
  const element = document.createElement('label')
  const input = document.createElement('input')
  input.required = !optional
  input.pattern = '.*\\S.*'
  input.maxLength = 500
  input.autofocus = true
  element.append(label, input)
  return input
}
