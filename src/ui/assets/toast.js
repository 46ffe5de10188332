import { session } from './storage.js'

/** Shows a short message, to screen readers too. */
export function toast(text) {
  const place = document.querySelector('[data-toast]')
  place.textContent = text
  place.classList.add('shown')
  clearTimeout(toast.timer)
  toast.timer = setTimeout(hideToast, 4000)
}

/** What is then refused is not to stand beside the success of what was done before. */
export const hideToast = () => document.querySelector('[data-toast]')?.classList.remove('shown')

/** Shows it on the next page. */
export const toastOnNextPage = text => session.setItem('toast', text)

export function showStoredToast() {
  const text = session.getItem('toast')
  session.removeItem('toast')
  if (text) toast(text)
}
