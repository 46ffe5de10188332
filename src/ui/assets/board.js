// Whom the reader is on this league's board, as they have said on a player's card: kept in their browser only.
const keyOf = league => `me:${league}`

function mark() {
  const link = document.querySelector('[data-around-me]')
  if (!link) return
  const me = localStorage.getItem(keyOf(link.dataset.aroundMe))
  link.hidden = !me
  if (!me) return
  link.href = link.getAttribute('href').replace(/around=[^&]*/, `around=${encodeURIComponent(me)}`)
  document.getElementById(`p-${me}`)?.classList.add('mine')
}

const button = document.querySelector('[data-me]')
function show() {
  const isMe = localStorage.getItem(keyOf(button.dataset.me)) === button.dataset.player
  button.setAttribute('aria-pressed', String(isMe))
}
if (button) {
  show()
  button.addEventListener('click', () => {
    const { me: league, player } = button.dataset
    if (button.getAttribute('aria-pressed') === 'true') localStorage.removeItem(keyOf(league))
    else localStorage.setItem(keyOf(league), player)
    show()
  })
}

mark()
document.addEventListener('fieldhouse:changed', mark)
