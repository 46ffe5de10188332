/**
 * Makes `part` hold `markup`, changing only what differs: nodes that stay are the same nodes, so focus, scroll and open
 * details stay with them. Elements with an id are matched by it, the others by place and name.
 */
export function become(part, markup) {
  const template = document.createElement('template')
  template.innerHTML = markup
  const focused = document.activeElement
  children(part, template.content)
  if (focused.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true }) // it was moved
  part.dispatchEvent(new CustomEvent('fieldhouse:changed', { bubbles: true }))
}

function children(from, to) {
  const known = new Map()
  for (const child of from.children) if (child.id) known.set(child.id, child)
  let next = from.firstChild
  for (const wanted of [...to.childNodes]) {
    const match = (wanted.id && known.get(wanted.id)) || (next && isAlike(next, wanted) ? next : undefined)
    if (!match) {
      from.insertBefore(wanted, next)
      if (wanted.id) wanted.classList.add('fresh')
      continue
    }
    if (match === next) next = next.nextSibling
    else from.insertBefore(match, next)
    node(match, wanted)
  }
  while (next) {
    const after = next.nextSibling
    next.remove()
    next = after
  }
}

const isAlike = (a, b) => a.nodeName === b.nodeName && !a.id && !b.id

function node(from, to) {
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.data !== to.data) from.data = to.data
    return
  }
  if (from.isEqualNode(to)) return
  if (from.matches('time') && from.dateTime === to.dateTime) return // its text is the browser's
  for (const { name } of [...from.attributes])
    if (!to.hasAttribute(name) && name !== 'open' && name !== 'title' && name !== 'tabindex') from.removeAttribute(name)
  for (const { name, value } of to.attributes) if (from.getAttribute(name) !== value) from.setAttribute(name, value)
  if (from.matches('input, textarea, select')) return // the reader's own
  if (from.matches('[data-chart]')) return
  children(from, to)
  if (from.matches('tr[id]')) {
    from.classList.remove('fresh')
    void from.offsetWidth // lets the highlight begin anew
    from.classList.add('fresh')
  }
}
