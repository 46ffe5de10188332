import type { Refusal } from '../errors.ts'
import { html, htmlResponse } from '../runtime/html.ts'
import { layout } from './layout.ts'

/** A refusal where a page was asked for. Who is not signed in is asked to be. */
export function refusalPage(request: Request, refusal: Refusal | undefined, requestId: string): Response {
  const { pathname, search } = new URL(request.url)
  if (refusal?.status === 401)
    return new Response(null, {
      status: 303,
      headers: { location: `/sign-in?next=${encodeURIComponent(pathname + search)}` },
    })
  const status = refusal?.status ?? 500
  const title = refusal?.title ?? 'Something went wrong'
  const detail = refusal?.detail ?? 'It is in the log under the id below.'
  const page = layout({
    title,
    body: html`<section class="notice">
      <h1>${title}</h1>
      <p>${detail}</p>
      <p class="quiet">Request ${requestId}</p>
      <p><a href="/">To the leagues</a></p>
    </section>`,
  })
  return htmlResponse(
    page,
    status,
    refusal?.extra.retryAfter === undefined ? {} : { 'retry-after': String(refusal.extra.retryAfter) },
  )
}
