// The monitor: shows whether its data is fresh, pauses it, and handles the keyboard.
const visibleRows = () => [...document.querySelectorAll('.monitor-page tbody tr')].filter(row => row.checkVisibility())
const part = document.querySelector('.monitor [data-live]')
const feed = document.querySelector('[data-feed]')
const pauseButton = document.querySelector('[data-pause]')
const staleAfter = 6_000 // ms without a sign of life

let lastSeen = Date.now()
let lost = false
let paused = false

if (feed && part) {
  part.addEventListener('fieldhouse:feed', ({ detail }) => {
    lost = detail === 'lost'
    if (!lost) lastSeen = Date.now()
    showFeed()
  })
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) lastSeen = Date.now()
  })
  pauseButton.addEventListener('click', () => setPaused(!paused))
  setInterval(showFeed, 1_000)
}

function setPaused(pause) {
  paused = pause
  part.dispatchEvent(new Event(paused ? 'fieldhouse:pause' : 'fieldhouse:resume'))
  pauseButton.setAttribute('aria-pressed', String(paused))
  pauseButton.textContent = paused ? 'Resume' : 'Pause'
  if (!paused) lastSeen = Date.now()
  showFeed()
}

function showFeed() {
  const silent = Date.now() - lastSeen
  const state = paused ? 'paused' : lost || silent > staleAfter ? 'stale' : 'live'
  const words = { paused: 'Paused', stale: `Stale, ${Math.round(silent / 1_000)} s old`, live: 'Live' }
  const text = feed.firstElementChild
  if (text.textContent !== words[state]) text.textContent = words[state]
  feed.dataset.feed = state
}

/** Open alerts are counted on every page. */
document.addEventListener('fieldhouse:beat', ({ detail: { open, tone } }) => {
  const count = document.querySelector('[data-alerts]')
  count.firstElementChild.textContent = open
  count.className = `count ${tone}`
  count.hidden = open === 0
})

/** Links next to the title follow the view: exports take its filters, and a change of the period keeps them. */
document.addEventListener('fieldhouse:view', ({ detail: view }) => {
  for (const link of document.querySelectorAll('.tools a[href]')) {
    const url = new URL(link.href)
    const name = link.closest('[data-choice]')?.dataset.choice
    const chosen = name && url.searchParams.get(name)
    url.search = view.search
    for (const own of ['page', 'limit', name]) if (own) url.searchParams.delete(own)
    if (chosen) url.searchParams.set(name, chosen)
    link.href = url.href
  }
})

/** Refreshes at once after an action. */
document.addEventListener('fieldhouse:done', () => part?.dispatchEvent(new Event('fieldhouse:refresh')))

const keys = [
  ['/', 'Search'],
  ['j', 'Next row'],
  ['k', 'Previous row'],
  ['Enter', 'Open the row'],
  ['r', 'Refresh'],
  ['p', 'Pause and go on'],
  ['?', 'These keys'],
]

const actions = {
  j: () => step(1),
  k: () => step(-1),
  r: refresh,
  p: () => part && feed && setPaused(!paused),
  '?': showKeys,
}

document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  if (event.target.closest('input, textarea, select, [contenteditable], dialog')) return
  if (event.key === 'Enter' && event.target.matches('tr')) return event.target.querySelector('a[href]')?.click()
  const action = actions[event.key]
  if (!action) return
  event.preventDefault()
  action()
})
document.querySelector('[data-keys]')?.addEventListener('click', showKeys)

function step(by) {
  const rows = visibleRows()
  if (!rows.length) return
  const at = rows.indexOf(document.activeElement?.closest('tr'))
  const row = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1)]
  row.tabIndex = -1
  row.focus()
}

function refresh() {
  if (!part) return location.reload()
  part.dispatchEvent(new Event('fieldhouse:refresh'))
}

function showKeys() {
  const dialog = document.createElement('dialog')
  dialog.setAttribute('aria-labelledby', 'keys-title')
  const title = document.createElement('h2')
  title.id = 'keys-title'
  title.textContent = 'Keys'
  const list = document.createElement('dl')
  list.className = 'keys'
  for (const [key, what] of keys) {
    const [term, text, cap] = ['dt', 'dd', 'kbd'].map(name => document.createElement(name))
    cap.textContent = key
    text.textContent = what
    term.append(cap)
    list.append(term, text)
  }
  const form = document.createElement('form')
  form.method = 'dialog'
  const close = document.createElement('button')
  close.className = 'quiet'
  close.textContent = 'Close'
  form.append(close)
  dialog.append(title, list, form)
  dialog.addEventListener('close', () => dialog.remove())
  document.body.append(dialog)
  dialog.showModal()
}
