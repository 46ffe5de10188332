// Parts marked `data-live` refresh themselves while the tab is visible. Links to the page's own path and forms marked
// `data-filters` within them change only the part.
import { isChanged } from './fields.js'
import { morph } from './morph.js'
import { session } from './storage.js'

// `atLeast`: ms between two fetches of a part. `spread`: ms over which readers fetch a change; few watch what is `fast`.
const paces = { slow: { atLeast: 1_500, spread: 1_000 }, fast: { atLeast: 500, spread: 0 } }

export function watchLive() {
  for (const part of document.querySelectorAll('[data-live]')) watch(part)
}

function watch(part) {
  const { atLeast, spread } = paces[part.dataset.pace ?? 'slow']
  let paused = false
  let events
  let wanted
  let timer
  let fetchedAt = 0
  let latest = 0 // refresh: answers to earlier ones are dropped

  const open = () => {
    if (events || paused || document.hidden) return
    events = new EventSource(part.dataset.live)
    events.addEventListener('beat', ({ data }) => {
      reportFeed('open')
      part.dispatchEvent(new CustomEvent('fieldhouse:beat', { bubbles: true, detail: JSON.parse(data) }))
    })
    events.addEventListener('changed', ({ data }) => {
      wanted = JSON.parse(data).version
      if (wanted !== part.dataset.version) refreshAfter(Math.random() * spread)
      else latest++ // it is again as shown
    })
    events.addEventListener('open', () => {
      part.classList.remove('offline')
      reportFeed('open')
    })
    events.addEventListener('error', () => {
      part.classList.add('offline')
      reportFeed('lost')
      if (events?.readyState !== EventSource.CLOSED) return // it connects again by itself
      close()
      reloadIfGone()
      setTimeout(open, 10_000)
    })
  }
  const close = () => {
    events?.close()
    events = undefined
  }
  const reportFeed = state => part.dispatchEvent(new CustomEvent('fieldhouse:feed', { bubbles: true, detail: state }))
  const refreshAfter = delay => {
    clearTimeout(timer)
    timer = setTimeout(refresh, Math.max(delay, fetchedAt + atLeast - Date.now()))
  }
  async function refresh() {
    if (isSelecting(part)) return holdUpdate()
    fetchedAt = Date.now()
    const request = ++latest
    const from = part.dataset.from
    const response = await fetch(from, { headers: { accept: 'text/html' } }).catch(() => undefined)
    const markup = await response?.text()
    if (request !== latest) return
    if (isGone(response)) reload()
    if (!response?.ok) return refreshAfter(1_000 * Number(response?.headers.get('retry-after') ?? 5))
    if (isSelecting(part)) return holdUpdate()
    if (from !== part.dataset.from) return // the reader has gone on to another view
    part.dataset.version = response.headers.get('x-version') ?? wanted
    delete part.dataset.held
    morph(part, markup)
  }
  async function reloadIfGone() {
    const response = await fetch(part.dataset.from, { headers: { accept: 'text/html' } }).catch(() => undefined)
    if (isGone(response)) reload()
  }
  const isGone = response => response?.status === 404 || response?.status === 410
  /**
   * What the page shows is gone, which the answer then says, or has another address in a newer version. Reloads once, in case
   * the newer page asks for the same, and not while it would lose what somebody has typed.
   */
  function reload() {
    const isTyped = [...document.querySelectorAll('input, textarea')].some(isChanged)
    part.classList.add(isTyped ? 'outdated' : 'offline')
    if (isTyped || session.getItem('gone') === part.dataset.from) return
    session.setItem('gone', part.dataset.from)
    location.reload()
  }
  /** Waits until no text is selected any more. */
  function holdUpdate() {
    part.dataset.held = ''
    refreshAfter(500)
  }

  open()
  document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()))
  addEventListener('pagehide', close)
  addEventListener('pageshow', open)
  part.addEventListener('fieldhouse:refresh', () => refreshAfter(0))
  part.addEventListener('fieldhouse:pause', () => {
    paused = true
    clearTimeout(timer)
    close()
  })
  part.addEventListener('fieldhouse:resume', () => {
    paused = false
    open()
  })
  navigateWithin(part, () => {
    close() // its events were those of another view
    open()
  })
}

/** Sorting, paging and searching change the part and the address without loading a page. */
function navigateWithin(part, reconnect) {
  let latest = 0
  let typing
  async function show(url, history) {
    clearTimeout(typing) // what was typed before is no longer wanted
    const request = ++latest
    const from = part.dataset.from.split('?')[0] + url.search
    part.setAttribute('aria-busy', 'true')
    const response = await fetch(from, { headers: { accept: 'text/html' } }).catch(() => undefined)
    const markup = await response?.text()
    if (request !== latest) return
    part.removeAttribute('aria-busy')
    if (!response?.ok) return location.assign(url)
    part.dataset.from = from
    part.dataset.version = response.headers.get('x-version')
    morph(part, markup)
    if (history) window.history[history](null, '', url)
    part.dataset.live = part.dataset.live.split('?')[0] + url.search
    reconnect()
    part.dispatchEvent(new CustomEvent('fieldhouse:view', { bubbles: true, detail: url }))
  }
  const isHere = url => url.origin === location.origin && url.pathname === location.pathname

  part.addEventListener('click', event => {
    const link = event.target.closest('a[href]')
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || link.download)
      return
    const url = new URL(link.href)
    if (!isHere(url) || url.hash) return
    event.preventDefault()
    const list = listAbove(link.closest('.pages'))
    show(url, 'pushState').then(() => list && readFromStart(list))
  })
  const filtered = form => {
    const given = [...new FormData(form)].filter(([, value]) => value !== '')
    const url = new URL(location.pathname, location.origin)
    url.search = new URLSearchParams(given)
    return url
  }
  part.addEventListener('input', ({ target }) => {
    if (!target.form?.matches('[data-filters]')) return
    clearTimeout(typing)
    typing = setTimeout(() => show(filtered(target.form), 'replaceState'), target.type === 'search' ? 180 : 0)
  })
  part.addEventListener('submit', event => {
    if (!event.target.matches('[data-filters]')) return
    event.preventDefault()
    show(filtered(event.target), 'pushState')
  })
  addEventListener('popstate', () => show(new URL(location.href)))
}

/** The list that these pages are of; a bar of actions may stand between. */
function listAbove(pages) {
  const above = pages?.previousElementSibling
  return above?.matches('.ticked') ? above.previousElementSibling : above
}

/** Another page of a table is read from its first row, while the link to it is below the last. */
function readFromStart(list) {
  list.closest('[tabindex="0"]')?.focus({ preventScroll: true })
  if (list.getBoundingClientRect().top < 0) list.scrollIntoView()
}

/** Whether text of the part is selected, which a refresh would undo. */
function isSelecting(part) {
  const selection = getSelection()
  return selection && !selection.isCollapsed && selection.containsNode(part, true)
}
