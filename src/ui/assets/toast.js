/** Says something in passing, to the eye and to a screen reader. */
export function toast(text) {
  const place = document.querySelector('[data-toast]')
  place.textContent = text
  place.classList.add('shown')
  clearTimeout(toast.timer)
  toast.timer = setTimeout(() => place.classList.remove('shown'), 4000)
}

/** Says it on the page that comes next. */
export const toastNext = text => sessionStorage.setItem('toast', text)

export function showKeptToast() {
  const text = sessionStorage.getItem('toast')
  sessionStorage.removeItem('toast')
  if (text) toast(text)
}
