/** Gains as pages show them: green above 0, red below 0. */
import { type Content, type Html, html } from '../../platform/html.ts'
import { money, percent } from '../../ui/parts/values.ts'

const coloured = (gain: number, text: Content): Html =>
  html`<span class="${gain > 0 ? 'gain' : gain < 0 ? 'loss' : ''}">${text}</span>`

export const gainMoney = (cents: number): Html => coloured(cents, money(cents, { signed: true }))
export const gainPercent = (pct: number): Html => coloured(pct, signedPercent(pct))

/** In the colour of the text around it. */
export const signedPercent = (pct: number | null): Content => percent(pct, { signed: true, digits: 2 })
