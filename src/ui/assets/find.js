// Search boxes: results are listed under the box while the user types. Without JavaScript they are plain forms.
const wait = 180 // ms without a key before the server is asked

for (const input of document.querySelectorAll('[data-find]')) addSuggestions(input)

function addSuggestions(input) {
  const list = document.createElement('div')
  list.id = `${input.id}-list`
  list.className = 'find-list'
  list.role = 'listbox'
  list.setAttribute('aria-label', 'Found')
  list.hidden = true
  input.after(list)
  input.role = 'combobox'
  input.setAttribute('aria-controls', list.id)
  input.setAttribute('aria-autocomplete', 'list')
  input.setAttribute('aria-expanded', 'false')

  let asked = ''
  let listed = '' // what the list was found by
  let timer
  const options = () => [...list.querySelectorAll('[role=option]')]
  const chosen = () => list.querySelector('[aria-selected=true]')

  function show(isOpen) {
    list.hidden = !isOpen
    input.setAttribute('aria-expanded', String(isOpen))
    if (!isOpen) choose(undefined)
  }

  function choose(option) {
    chosen()?.setAttribute('aria-selected', 'false')
    if (!option) return input.removeAttribute('aria-activedescendant')
    option.setAttribute('aria-selected', 'true')
    input.setAttribute('aria-activedescendant', option.id)
    option.scrollIntoView({ block: 'nearest' })
  }

  async function fetchSuggestions() {
    const q = input.value.trim()
    asked = q
    if (!q || q === listed) return show(q !== '')
    const found = await fetch(`/search/part?q=${encodeURIComponent(q)}`)
      .then(response => (response.ok ? response.text() : undefined))
      .catch(() => undefined)
    if (asked !== q) return // the text has changed in the meantime
    if (found === undefined) return show(false) // Enter still leads to the page
    list.innerHTML = found
    listed = q
    for (const option of options()) option.id = `${input.id}-${option.id}`
    list.dispatchEvent(new CustomEvent('fieldhouse:changed', { bubbles: true }))
    if (document.activeElement === input) show(true)
  }

  input.addEventListener('input', () => {
    choose(undefined) // Enter before the answer is there searches for what is typed
    clearTimeout(timer)
    timer = setTimeout(fetchSuggestions, wait)
  })
  input.addEventListener('focus', () => show(listed !== '' && input.value.trim() === listed))
  input.addEventListener('keydown', event => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step && !list.hidden) {
      event.preventDefault()
      const all = options()
      const at = all.indexOf(chosen())
      choose(all[at < 0 && step < 0 ? all.length - 1 : (at + step + all.length) % all.length])
    }
    if (event.key === 'Enter' && !list.hidden && chosen()) {
      event.preventDefault()
      location.assign(chosen().href)
    }
    if (event.key === 'Escape' && !list.hidden) {
      event.preventDefault()
      show(false)
    }
  })
  input.form.addEventListener('focusout', event => {
    if (!input.form.contains(event.relatedTarget)) show(false)
  })
  list.addEventListener('pointerdown', event => event.preventDefault()) // the box keeps the focus until the click
}

/** Focuses the box of the header; on a phone, where there is a link instead, opens the search page. */
export function focusSearch() {
  const box = [...document.querySelectorAll('[data-find]')].find(input => input.checkVisibility())
  if (!box) return location.assign('/search')
  box.focus()
  box.select()
}
