/** Asks in a dialog of the page; answers whether it was confirmed. Escape and Cancel say no. */
export function confirmed(question, label, isDanger) {
  const dialog = document.createElement('dialog')
  const text = document.createElement('p')
  text.textContent = question
  text.id = 'dialog-question'
  dialog.setAttribute('aria-labelledby', text.id)
  const buttons = document.createElement('form')
  buttons.method = 'dialog'
  buttons.append(button('Cancel', 'no', 'quiet'), button(label, 'yes', isDanger ? 'danger' : ''))
  dialog.append(text, buttons)
  document.body.append(dialog)
  dialog.showModal()
  return new Promise(resolve => {
    dialog.addEventListener('close', () => {
      dialog.remove()
      resolve(dialog.returnValue === 'yes')
    })
  })
}

function button(label, value, className) {
  const element = document.createElement('button')
  element.textContent = label
  element.value = value
  element.className = className
  return element
}
