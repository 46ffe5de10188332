// Parts marked `data-live` keep themselves fresh while the tab is in sight.
import { become } from './become.js'

const atLeast = 1_500 // ms between two fetches of a part
const spread = 1_000 // ms over which the readers of a change come back

export function watchLive() {
  for (const part of document.querySelectorAll('[data-live]')) watch(part)
}

function watch(part) {
  let events
  let wanted
  let timer
  let fetchedAt = 0

  const open = () => {
    if (events || document.hidden) return
    events = new EventSource(part.dataset.live)
    events.addEventListener('changed', ({ data }) => {
      wanted = JSON.parse(data).version
      if (wanted !== part.dataset.version) soon(Math.random() * spread)
    })
    events.addEventListener('open', () => part.classList.remove('offline'))
    events.addEventListener('error', () => {
      part.classList.add('offline')
      if (events?.readyState !== EventSource.CLOSED) return // it connects again by itself
      close()
      setTimeout(open, 10_000)
    })
  }
  const close = () => {
    events?.close()
    events = undefined
  }
  const soon = delay => {
    clearTimeout(timer)
    timer = setTimeout(refresh, Math.max(delay, fetchedAt + atLeast - Date.now()))
  }
  async function refresh() {
    if (isSelecting(part)) return soon(500)
    fetchedAt = Date.now()
    const response = await fetch(part.dataset.from, { headers: { accept: 'text/html' } }).catch(() => undefined)
    if (!response?.ok) return soon(1_000 * Number(response?.headers.get('retry-after') ?? 5))
    const markup = await response.text()
    if (isSelecting(part)) return soon(500)
    part.dataset.version = response.headers.get('x-version') ?? wanted
    become(part, markup)
  }

  open()
  document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()))
  addEventListener('pagehide', close)
  addEventListener('pageshow', open)
  part.addEventListener('fieldhouse:refresh', () => soon(0))
}

/** Whoever marks text to copy it keeps it. */
function isSelecting(part) {
  const selection = getSelection()
  return selection && !selection.isCollapsed && selection.containsNode(part, true)
}
