import { type Content, html } from '../../platform/html.ts'
import { type Pagination, usualLimit } from '../../platform/http/pagination.ts'
import { number } from './values.ts'

/** In place of the rows of a page beyond the end, as of an old link; the links below lead to those that there are. */
export const beyondTheEnd = ({ page, total, pages }: Pagination): Content =>
  total > 0 &&
  page > pages &&
  html`<p class="quiet">There is no page ${number(page)} of this list: ${pages === 1 ? 'it has one page' : html`its last page is ${number(pages)}`}.</p>`

/**
 * Links to the pages of a list: the first, the last, and those near this one. Only the count where there is one page. `href` also gets the
 * limit if it is not the usual one. `name` is needed where our page has several lists.
 */
export function paginationLinks(
  { page, limit, total, pages }: Pagination,
  href: (page: number, limit: number | undefined) => string,
  name = 'Pages',
): Content {
  if (total === 0) return null
  const from = (page - 1) * limit + 1
  const last = Math.min(page * limit, total)
  const shown = html`<p class="quiet">${from > total ? 'None' : html`${number(from)}–${number(last)}`} of ${number(total)}</p>`
  if (pages < 2 && page === 1) return html`<nav class="pages" aria-label="${name}">${shown}</nav>`
  const to = (target: number) => href(target, limit === usualLimit ? undefined : limit)
  const step = (target: number, rel: 'prev' | 'next', label: string) =>
    target >= 1 && target <= pages
      ? html`<a rel="${rel}" href="${to(target)}">${label}</a>`
      : html`<span class="off">${label}</span>`
  return html`<nav class="pages" aria-label="${name}">
  ${shown}
  <ol>
    <li>${step(Math.min(page - 1, pages), 'prev', '← Previous')}</li>
    ${near(page, pages).map(target =>
      target === null
        ? html`<li class="gap" aria-hidden="true">…</li>`
        : html`<li class="number"><a href="${to(target)}" ${target === page && html`aria-current="page"`}><span class="sr">Page </span>${number(target)}</a></li>`,
    )}
    <li>${step(page + 1, 'next', 'Next →')}</li>
  </ol>
</nav>`
}

/** `1 … 4 5 6 … 20`, null for what is left out. */
function near(page: number, pages: number): (number | null)[] {
  const wanted = [...new Set([1, page - 1, page, page + 1, pages])]
    .filter(n => n >= 1 && n <= pages)
    .sort((a, b) => a - b)
  return wanted.flatMap((n, i) => {
    const before = wanted[i - 1] ?? 0
    return n - before === 2 ? [n - 1, n] : n - before > 2 ? [null, n] : [n]
  })
}
