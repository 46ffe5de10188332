// Moves rows up and down in their list.
document.addEventListener('click', event => {
  const button = event.target.closest('[data-move]')
  const row = button?.closest('.ordered li')
  if (!row) return
  event.preventDefault()
  if (button.dataset.move === 'up') row.previousElementSibling?.before(row)
  else row.nextElementSibling?.after(row)
  row.closest('.ordered').dataset.moved = ''
  button.focus()
})
