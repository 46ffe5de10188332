import { type Content, type Html, html } from '../../../platform/html.ts'

/** A part of the board, with what stands beside its title. */
export const section = (title: string, id: string, content: Content, beside?: Content): Html =>
  html`<section class="part" id="${id}"><div class="head"><h2>${title}</h2>${beside && html`<div class="beside">${beside}</div>`}</div>${content}</section>`

/** In place of rows: what is usual when there are none. */
export const whenOpen = (text: Content): Html => html`<p class="usual">${text}</p>`
