// Sends one file with its fields, shows the progress, and resolves with the server's answer.
import { csrf, Refused, renewCsrf } from './api.js'

/** `place` holds a text, a progress bar and a button to stop; null if none is worth showing. */
export function sendFile(url, fields, file, name, place) {
  const body = new FormData()
  for (const [field, value] of Object.entries(fields)) body.append(field, String(value))
  body.append('file', file, name) // last, so that the server knows the fields when it reads the file
  const request = new XMLHttpRequest()
  request.open('POST', url)
  for (const [header, value] of Object.entries(csrf())) request.setRequestHeader(header, value)
  request.responseType = 'json'
  if (place) showProgress(request, name, place)
  return new Promise((resolve, reject) => {
    const end = settle => value => {
      if (place) place.hidden = true
      settle(value)
    }
    request.onload = async () => {
      const { status } = request
      const answer = request.response ?? {}
      if (status < 400) return end(resolve)(answer)
      if (await renewCsrf(status)) return resolve(sendFile(url, fields, file, name, place))
      end(reject)(new Refused(answer, status))
    }
    request.onerror = () => end(reject)(new Error('The connection was lost; nothing was uploaded. Try again.'))
    request.onabort = () => end(reject)(new Error('Stopped; nothing was uploaded.'))
    request.send(body)
  })
}

function showProgress(request, name, place) {
  const [text, bar, stop] = [place.querySelector('p'), place.querySelector('progress'), place.querySelector('button')]
  const began = performance.now()
  place.hidden = false
  stop.onclick = () => request.abort()
  request.upload.onprogress = ({ loaded, total }) => {
    bar.value = (100 * loaded) / total
    const rate = loaded / (performance.now() - began) // bytes a ms
    const left = Math.ceil((total - loaded) / rate / 1000)
    text.textContent =
      loaded < total ? `${name}: ${size(loaded)} of ${size(total)}, ${left} s left` : `${name}: sent; being saved`
  }
}

/** As the page writes it: `2.5 kB`, `130 kB`. */
export function size(bytes) {
  const [unit, size] =
    bytes < 1024 ? ['B', bytes] : bytes < 1024 ** 2 ? ['kB', bytes / 1024] : ['MB', bytes / 1024 ** 2]
  return `${size.toFixed(unit !== 'B' && size < 100 ? 1 : 0)} ${unit}`
}
