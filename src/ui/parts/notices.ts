import { type Content, type Html, html } from '../../platform/html.ts'
import type { Tone } from './badges.ts'
import { number } from './values.ts'

/** Something the reader should know first. */
export const notice = (content: Content, tone: Extract<Tone, 'plain' | 'good' | 'warn' | 'bad'> = 'plain'): Html =>
  html`<div class="notice ${tone}" ${tone === 'bad' && html`role="alert"`}>${content}</div>`

/** Shown where there is nothing yet: why, and what to do next. */
export const emptyState = (title: string, text: Content, next?: Content): Html =>
  html`<div class="empty"><h2>${title}</h2><p>${text}</p>${next && html`<p class="next">${next}</p>`}</div>`

/** Below a list that is cut off: how many are not shown. `href` shows them. */
export function andMore(all: number, shown: number, href?: string): Content {
  const text = html`And ${number(all - shown)} more`
  return all > shown && html`<p class="quiet">${href ? html`<a href="${href}">${text}</a>` : text}.</p>`
}
