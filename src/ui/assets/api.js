/** A refusal of the API: `problem` is its body. */
export class Refused extends Error {
  constructor(problem, status) {
    super(problem.detail ?? `The server answered ${status}`)
    this.problem = problem
  }
}

/** The header that a mutation by cookie must carry. */
export const csrf = () => {
  const token = document.querySelector('meta[name=csrf-token]')?.content
  return token ? { 'x-csrf-token': token } : {}
}

export async function call(method, url, body, headers = {}) {
  const response = await fetch(url, {
    method: method.toUpperCase(),
    headers: { ...headers, ...csrf(), accept: 'application/json', ...(body && { 'content-type': 'application/json' }) },
    body: body && JSON.stringify(body),
  }).catch(() => {
    throw new Error('The server cannot be reached. Nothing is lost; try again.')
  })
  const answer = await response.json().catch(() => ({}))
  if (!response.ok) throw new Refused(answer, response.status)
  return answer
}
