import { type Content, type Html, html } from '../../platform/html.ts'
import { assetUrl } from '../assets.ts'

export type Stat = { label: string; value: Content; note?: Content }

/** Large numbers with their labels. */
export const stats = (figures: readonly (Stat | false | null | undefined)[]): Html => html`<dl class="stats">
${figures.map(
  figure =>
    figure &&
    html`<div><dt>${figure.label}</dt><dd>${figure.value}${figure.note && html`<small>${figure.note}</small>`}</dd></div>
`,
)}</dl>`

export type Chart = {
  label: string
  /** Times in ms since 1970; of bars, those of their buckets. */
  times: readonly number[]
  series: readonly { label: string; values: readonly (number | null)[] }[]
  kind?: 'line' | 'bars'
  /** The last value is still being counted. */
  ongoing?: boolean
  /** The unit of all values, such as `ms`. */
  unit?: string
  /** Ranks: the best is at the top. */
  inverted?: boolean
}

/** Drawn in the browser; give the numbers in a table beside it for readers who cannot see it. */
export const chart = ({ label, ...data }: Chart): Html =>
  html`<figure class="chart"><link rel="stylesheet" href="${assetUrl('uplot.css')}" /><div role="img" aria-label="${label}" data-chart="${JSON.stringify(data)}"></div></figure>`

const [width, height] = [96, 24]

/** A line as high as text, drawn on the server, for dense tables. Unknown values are gaps. */
export function sparkline(values: readonly (number | null)[], label: string): Html {
  const known = values.filter(value => value !== null)
  const [low, high] = [Math.min(...known), Math.max(...known)]
  const x = (i: number) => ((i * (width - 4)) / Math.max(1, values.length - 1) + 2).toFixed(1)
  const y = (value: number) =>
    (high === low ? height / 2 : height - 2 - ((value - low) * (height - 4)) / (high - low)).toFixed(1)
  let pen = 'M'
  let path = ''
  for (const [i, value] of values.entries()) {
    path += value === null ? '' : `${pen}${x(i)} ${y(value)}`
    pen = value === null ? 'M' : 'L'
  }
  const last = values.at(-1)
  const dot = typeof last === 'number' && html`<circle cx="${x(values.length - 1)}" cy="${y(last)}" r="2" />`
  return html`<svg class="spark" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${label}"><path d="${path}" />${dot}</svg>`
}

/** A bar divided into its parts; `tone` is a class. Give the numbers beside it, because screen readers skip the bar. */
export function partsBar(parts: readonly { size: number; tone: string }[]): Html {
  const whole = parts.reduce((sum, { size }) => sum + size, 0) || 1
  let x = 0
  return html`<svg class="parts" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">${parts.map(
    ({ size, tone }) => {
      const from = x
      x += (size * 100) / whole
      return (
        size > 0 && html`<rect class="${tone}" x="${from.toFixed(2)}" width="${(x - from).toFixed(2)}" height="1" />`
      )
    },
  )}</svg>`
}

/** How far something is, 0–100. */
export const progress = (percent: number, label: string): Html =>
  html`<progress max="100" value="${percent}" aria-label="${label}">${percent} %</progress>`
