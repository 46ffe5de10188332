const signedOut = 'You are signed out. Sign in in another tab, then send this again: nothing here is lost.'

/** A refusal of the API: `problem` is its body. */
export class Refused extends Error {
  constructor(problem, status) {
    const wasSignedIn = csrf()['x-csrf-token'] !== undefined
    super(status === 401 && wasSignedIn ? signedOut : (problem.detail ?? `The server answered ${status}`))
    this.problem = problem
  }
}

/** The header that a mutation by cookie must carry. */
export const csrf = () => {
  const token = document.querySelector('meta[name=csrf-token]')?.content
  return token ? { 'x-csrf-token': token } : {}
}

/** After the same person has signed in again in another tab, takes over the token of their new session. */
export async function renewCsrf(status) {
  if (status !== 401 && status !== 403) return false
  const text = await fetch(location.href, { headers: { accept: 'text/html' } }).then(
    response => response.text(),
    () => '',
  )
  const page = new DOMParser().parseFromString(text, 'text/html')
  const [old, fresh] = [document, page].map(each => each.querySelector('meta[name=csrf-token]'))
  const [name, freshName] = [document, page].map(each => each.querySelector('.top .you')?.textContent)
  if (!old || !fresh || old.content === fresh.content || name !== freshName) return false
  old.content = fresh.content
  return true
}

export async function call(method, url, body, headers = {}) {
  const send = () =>
    fetch(url, {
      method: method.toUpperCase(),
      headers: {
        ...headers,
        ...csrf(),
        accept: 'application/json',
        ...(body && { 'content-type': 'application/json' }),
      },
      body: body && JSON.stringify(body),
    }).catch(() => {
      throw new Error('The server cannot be reached. Nothing is lost; try again.')
    })
  let response = await send()
  if (await renewCsrf(response.status)) response = await send()
  const answer = await response.json().catch(() => ({}))
  if (!response.ok) throw new Refused(answer, response.status)
  return answer
}
