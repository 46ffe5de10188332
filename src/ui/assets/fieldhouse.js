// Runs on every page. Without it all pages can still be read.
import { focusSearch } from './find.js'
import './forms.js'
import { watchLive } from './live.js'
import './ordered-checks.js'
import { local } from './storage.js'
import { startTimes, switchTimes, writeTimes } from './times.js'
import { showStoredToast, toast } from './toast.js'

startTimes()
watchLive()
showStoredToast()
draw(document)

/** How far the headings of a table go down with the page: the style sheet keeps them in sight. */
const heights = new ResizeObserver(entries => {
  for (const { target } of entries)
    target.parentElement.style.setProperty('--way', `${target.offsetHeight - target.tHead.offsetHeight}px`)
})
function keepHeadings(part) {
  for (const table of part.querySelectorAll('.sheet > table:has(> thead)')) heights.observe(table)
}
keepHeadings(document)

/** On a phone a navigation is a strip: it scrolls to the open page. */
const middleOf = element => element.getBoundingClientRect().left + element.offsetWidth / 2
for (const open of document.querySelectorAll('[aria-current]')) {
  const strip = open.closest('nav')
  if (strip) strip.scrollLeft += middleOf(open) - middleOf(strip)
}

document.addEventListener('fieldhouse:changed', event => {
  writeTimes()
  draw(event.target)
  keepHeadings(event.target)
})

/** Loads the code for charts only where there are any. */
async function draw(part) {
  const charts = part.querySelectorAll('[data-chart]')
  if (!charts.length) return
  const { drawChart } = await import('./chart.js')
  for (const element of charts) drawChart(element)
}

document.addEventListener('click', async event => {
  const copy = event.target.closest('[data-copy]')
  if (copy) {
    const text = copy.dataset.copy || copy.parentElement.querySelector('output').textContent
    const copied = await copyText(text, copy)
    toast(copied ? 'Copied' : 'This browser does not let the page copy: select it and copy it yourself')
  }
  if (event.target.closest('[data-theme-switch]')) switchTheme()
  if (event.target.closest('[data-times-switch]')) switchTimes()
})

/** Browsers keep their clipboard from pages without TLS, where what is selected can still be copied. */
async function copyText(text, button) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const area = Object.assign(document.createElement('textarea'), { value: text })
    button.after(area) // inside an open dialog, of which everything outside cannot be selected
    area.select()
    const copied = document.execCommand('copy')
    area.remove()
    button.focus()
    return copied
  }
}

function switchTheme() {
  const root = document.documentElement
  const isDark = (root.dataset.theme ?? systemTheme()) === 'dark'
  const next = isDark ? 'light' : 'dark'
  if (next === systemTheme()) {
    delete root.dataset.theme
    local.removeItem('theme')
  } else {
    root.dataset.theme = next
    local.setItem('theme', next)
  }
  root.dispatchEvent(new CustomEvent('fieldhouse:theme', { bubbles: true }))
}
const systemTheme = () => (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')

/** A menu closes with a click outside of it. */
function closeMenus(except) {
  for (const menu of document.querySelectorAll('.menu[open]')) if (menu !== except) menu.open = false
}
document.addEventListener('pointerdown', event => closeMenus(event.target.closest('.menu')))

document.addEventListener('keydown', event => {
  if (event.key === 'Escape') closeMenus()
  if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
    event.preventDefault()
    return focusSearch()
  }
  const isTyping = event.target.closest('input, textarea, select, [contenteditable]')
  if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return
  event.preventDefault()
  const search = document.querySelector('main input[type=search]') // the page's own search comes before the search of everything
  if (!search) return focusSearch()
  search.focus()
  search.select()
})
