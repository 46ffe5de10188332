import type { Refusal } from '../errors.ts'
import { html } from '../platform/html.ts'
import { fieldName } from '../platform/http/field-errors.ts'
import { requestContext } from '../platform/http/request-context.ts'
import { seeOther } from '../platform/http/responses.ts'
import { page } from './layout.ts'

/** The page of a refusal or a bug. Readers who are not signed in are sent to the sign-in page. */
export function refusalPage(request: Request, refusal: Refusal | undefined, requestId: string): Response {
  const { pathname, search } = new URL(request.url)
  if (refusal?.status === 401) return seeOther(`/sign-in?next=${encodeURIComponent(pathname + search)}`)
  const status = refusal?.status ?? 500
  const title = refusal?.title ?? 'Something went wrong'
  const detail = refusal?.detail ?? 'It is in the log under the id below.'
  const errors = refusal?.extra.errors?.filter(({ message }) => !detail.endsWith(message))
  const isForQuery = search !== '' && (status === 400 || status === 422)
  const body = html`<section class="refusal">
    <p class="code" aria-hidden="true">${status}</p>
    <h1>${title}</h1>
    <p>${detail}</p>
    ${errors && errors.length > 0 && html`<ul>${errors.map(({ path, message }) => html`<li>${fieldName(path)}: ${message}</li>`)}</ul>`}
    ${isForQuery && html`<p><a class="button" href="${pathname}">The page without these choices</a></p>`}
    <p><a class="button${isForQuery && ' quiet'}" href="/">To the leagues</a></p>
    <p class="quiet">Request <code>${requestId}</code></p>
  </section>`
  return page({ title, who: requestContext(request).who, body }, status, refusal?.headers)
}
