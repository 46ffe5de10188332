// Which player the reader is on this league's board, as they chose on a player's card: stored in their browser only.
import { local } from './storage.js'
import { toast } from './toast.js'

const keyOf = league => `me:${league}`

function mark() {
  const link = document.querySelector('[data-around-me]')
  if (!link) return
  const me = local.getItem(keyOf(link.dataset.aroundMe))
  link.hidden = !me
  if (!me) return
  const url = new URL(link.href)
  url.searchParams.set('around', me)
  link.href = url.pathname + url.search
  document.getElementById(`p-${me}`)?.classList.add('mine')
}

const button = document.querySelector('[data-me]')
function show() {
  const isMe = local.getItem(keyOf(button.dataset.me)) === button.dataset.player
  button.setAttribute('aria-pressed', String(isMe))
}
if (button) {
  show()
  button.addEventListener('click', () => {
    const { me: league, player } = button.dataset
    if (button.getAttribute('aria-pressed') === 'true') local.removeItem(keyOf(league))
    else local.setItem(keyOf(league), player)
    show()
    if (button.getAttribute('aria-pressed') === 'true') toast('This row is marked on the board, in this browser only')
  })
}

/** j and k, or the arrows once a row has the focus, move from name to name; Enter then opens the player. */
document.addEventListener('keydown', event => {
  const { key, target } = event
  if (event.ctrlKey || event.metaKey || event.altKey || target.closest('input, textarea, select, [contenteditable]'))
    return
  const names = [...document.querySelectorAll('.board tbody .names > a')]
  const at = names.findIndex(link => link.closest('tr').contains(target))
  const isArrow = key === 'ArrowDown' || key === 'ArrowUp'
  if (!(isArrow ? at >= 0 : key === 'j' || key === 'k') || names.length === 0) return
  const isDown = key === 'j' || key === 'ArrowDown'
  const next = at < 0 ? (isDown ? 0 : names.length - 1) : at + (isDown ? 1 : -1)
  event.preventDefault()
  names[next]?.focus()
})

mark()
document.addEventListener('fieldhouse:changed', mark)
