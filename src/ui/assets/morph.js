/**
 * Makes `part` hold `markup`, changing only what differs: nodes that stay are the same nodes, so focus, scroll and open
 * details stay with them. Elements with an id are matched by it, the others by place and name. Where a row that
 * has the focus goes, its table gets it.
 */
export function morph(part, markup) {
  const template = document.createElement('template')
  template.innerHTML = markup
  const focused = document.activeElement
  const places = [focused, focused.closest('table')?.closest('[tabindex="0"]')]
  const changed = new Set()
  morphChildren(part, template.content, changed)
  void part.offsetWidth // restarts the highlight of rows; once for all of them, as it lays out the whole page
  for (const row of changed) row.classList.add('fresh')
  const place = places.find(each => each?.isConnected)
  if (document.activeElement !== place) place?.focus({ preventScroll: true }) // it may only have been moved
  part.dispatchEvent(new CustomEvent('fieldhouse:changed', { bubbles: true }))
}

/** Returns whether anything that a reader sees has changed. Changed rows are added to `rows`. */
function morphChildren(from, to, rows) {
  const known = new Map()
  for (const child of from.children) if (child.id) known.set(child.id, child)
  let changed = false
  let next = from.firstChild
  for (const wanted of [...to.childNodes]) {
    const match = (wanted.id && known.get(wanted.id)) || (next && isAlike(next, wanted) ? next : undefined)
    if (!match) {
      from.insertBefore(wanted, next)
      if (wanted.id) wanted.classList.add('fresh')
      changed = true
      continue
    }
    if (match === next) next = next.nextSibling
    else from.insertBefore(match, next)
    if (morphElement(match, wanted, rows)) changed = true
  }
  while (next) {
    const after = next.nextSibling
    next.remove()
    next = after
    changed = true
  }
  return changed
}

const isAlike = (a, b) => a.nodeName === b.nodeName && !a.id && !b.id

/** What was set in the browser stays: the reader's input, open details, times as they read them, all of `data-keep`. */
const keptAttributes = new Set(['open', 'title', 'tabindex', 'class', 'style'])

const choiceOf = select => [...select.options].find(option => option.defaultSelected)?.value

function morphElement(from, to, rows) {
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.data === to.data) return false
    from.data = to.data
    return true
  }
  if (from.matches('time') && from.dateTime === to.dateTime) return false
  let changed = false
  const isUntouched = from !== document.activeElement && from.matches('input') && from.value === from.defaultValue
  from.setAttribute('class', to.getAttribute('class') ?? '') // not counted as a change: marks come and go
  for (const { name } of [...from.attributes])
    if (!keptAttributes.has(name) && !to.hasAttribute(name)) from.removeAttribute(name)
  for (const { name, value } of to.attributes) {
    if (name === 'class' || from.getAttribute(name) === value) continue
    from.setAttribute(name, value)
    changed = true
  }
  // What the reader chose or is typing stays, unless the page brings another view, as after a click on a heading.
  if (from.matches('select') && choiceOf(from) !== choiceOf(to)) from.replaceChildren(...to.childNodes)
  if (isUntouched && from.value !== from.defaultValue) from.value = from.defaultValue
  if (from.matches('input, textarea, select')) return false
  if (!from.matches('[data-chart], [data-keep]') && morphChildren(from, to, rows)) changed = true
  if (changed && from.matches('tr[id]')) rows.add(from)
  return changed
}
