/** Says something in passing, to the eye and to a screen reader. */
export function said(text) {
  const place = document.querySelector('[data-said]')
  place.textContent = text
  place.classList.add('shown')
  clearTimeout(said.timer)
  said.timer = setTimeout(() => place.classList.remove('shown'), 4000)
}

/** Says it on the page that comes next. */
export const sayNext = text => sessionStorage.setItem('said', text)

export function sayWhatWasKept() {
  const text = sessionStorage.getItem('said')
  sessionStorage.removeItem('said')
  if (text) said(text)
}
