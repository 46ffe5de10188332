// Choosing golfers: typing filters the list, and the chosen ones are shown next to it. Without script it is a list of checkboxes.
import { makeElement, withClass } from './elements.js'

for (const chooser of document.querySelectorAll('[data-chooser]')) watch(chooser)

/** As people type it: without accents, in lower case. */
const foldedText = text =>
  text
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/ø/g, 'o')
    .replace(/æ/g, 'ae')
    .replace(/ł/g, 'l')
    .replace(/[’'`.]/g, '')

function watch(chooser) {
  const max = Number(chooser.dataset.chooser)
  const find = chooser.querySelector('[data-find-golfer]')
  const list = chooser.querySelector('[data-golfers]')
  const count = chooser.querySelector('[data-chosen-count]')
  const chosen = chooser.querySelector('[data-chosen]')
  const boxes = [...list.querySelectorAll('input')]
  const groups = [...list.querySelectorAll('[data-group]')]
  const names = new Map(boxes.map(box => [box, box.closest('label').querySelector('.name').textContent]))
  const shown = () => boxes.filter(box => !box.closest('li').hidden)

  function filter() {
    const words = foldedText(find.value).split(/\s+/).filter(Boolean)
    for (const box of boxes) {
      const name = foldedText(names.get(box))
      box.closest('li').hidden = !words.every(word => name.includes(word))
    }
    for (const group of groups) group.hidden = !group.querySelector('li:not([hidden])')
    list.querySelector('[data-nobody]').hidden = shown().length > 0
  }

  function show() {
    const picked = boxes.filter(box => box.checked)
    const left = max - picked.length
    count.textContent =
      left > 0 ? `${picked.length} of ${max} chosen` : left < 0 ? `${-left} too many: remove some` : `All ${max} chosen`
    for (const box of boxes) if (box.type === 'checkbox') box.disabled = left <= 0 && !box.checked
    const rows = groups.length
      ? groups.map(group => ({ group: group.dataset.group, box: picked.find(box => group.contains(box)) }))
      : picked.map(box => ({ box }))
    chosen.replaceChildren(...rows.map(row))
  }

  function row({ group, box }) {
    const label = group ? [withClass('quiet', makeElement('small', `Group ${group}: `))] : []
    if (!box) return makeElement('li', ...label, withClass('quiet', makeElement('span', 'nobody yet')))
    const name = names.get(box)
    const remove = withClass('small quiet', makeElement('button', '×'))
    remove.type = 'button'
    remove.setAttribute('aria-label', `Remove ${name}`)
    remove.addEventListener('click', () => {
      box.checked = false
      show()
      find.focus()
    })
    return makeElement('li', ...label, makeElement('bdi', name), ' ', remove)
  }

  find.addEventListener('input', filter)
  find.addEventListener('keydown', event => {
    if (event.key === 'ArrowDown') {
      event.preventDefault()
      shown()[0]?.focus()
    }
    if (event.key === 'Escape' && find.value) {
      event.preventDefault()
      find.value = ''
      filter()
    }
    if (event.key !== 'Enter') return
    event.preventDefault() // Enter in the search must not send the form
    const free = find.value.trim() ? shown().filter(box => !box.checked && !box.disabled) : []
    const first = free.find(box => foldedText(names.get(box)).startsWith(foldedText(find.value).trim())) ?? free[0]
    if (!first) return
    first.checked = true
    find.value = ''
    filter()
    show()
  })
  list.addEventListener('keydown', event => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (!step || event.target.type !== 'checkbox') return // browsers move between radio buttons by themselves
    event.preventDefault()
    const all = shown().filter(box => !box.disabled)
    const at = all.indexOf(event.target) + step
    ;(all[at] ?? (at < 0 ? find : event.target)).focus()
  })
  list.addEventListener('change', show)
  show()
}
