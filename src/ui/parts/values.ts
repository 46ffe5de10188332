/** Values as a reader sees them. What is not known is a dash, never 0. */
import { type Content, type Html, html } from '../../platform/html.ts'

type Known<T> = T | null | undefined
const isKnown = (n: Known<number>): n is number => Number.isFinite(n)

export const noValue: Html = html`<span class="none">–</span>`

const withMinusSign = (text: string) => text.replace('-', '−')
const plainFormat = new Intl.NumberFormat('en', { maximumFractionDigits: 2, signDisplay: 'negative' }) // −0 is 0
const formats = new Map<number, Intl.NumberFormat>()
function fixedFormat(digits: number): Intl.NumberFormat {
  const format =
    formats.get(digits) ??
    new Intl.NumberFormat('en', {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
      signDisplay: 'negative',
    })
  formats.set(digits, format)
  return format
}

/** What a button or link of a row is about, for screen readers: “Remove” alone is the same in every row. */
export const about = (subject: Content): Html => html`<span class="sr"> ${subject}</span>`

type NumberStyle = {
  /** Shown after the number, after a thin space. */
  unit?: string
  /** Exactly so many after the point; without it up to two. */
  digits?: number
  /** A plus before what is above 0. */
  signed?: boolean
}

/** `1,234,567`, with a real minus. */
export function number(n: Known<number>, { unit, digits, signed }: NumberStyle = {}): Content {
  if (!isKnown(n)) return noValue
  const text = (digits === undefined ? plainFormat : fixedFormat(digits)).format(n)
  const plus = signed && n > 0 && /[1-9]/.test(text) ? '+' : '' // what is rounded to 0 has no sign
  return `${plus}${withMinusSign(text)}${unit ? `\u202f${unit}` : ''}`
}

/** A count that opens the list of what is counted, unless there is none. */
export const countLink = (count: Known<number>, href: string): Content =>
  count ? html`<a href="${href}">${number(count)}</a>` : number(count)

/** `1.2M`, for charts and tight places; the whole number is in the title. */
const compactFormat = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
export const compact = (n: Known<number>): Content =>
  isKnown(n) ? html`<span title="${plainFormat.format(n)}">${withMinusSign(compactFormat.format(n))}</span>` : noValue

/** Integer cents as `1,234.50`. */
export const money = (cents: Known<number>, style: Omit<NumberStyle, 'digits'> = {}): Content =>
  number(typeof cents === 'number' ? cents / 100 : cents, { ...style, digits: 2 })

/** Takes percents, not a fraction: `12.5 %`. */
export const percent = (n: Known<number>, { digits = 1, signed }: NumberStyle = {}): Content =>
  number(n, { digits, signed, unit: '%' })

/** Golf: `−5`, `E`, `+3`. */
export const toPar = (n: Known<number>): Content => (n === 0 ? 'E' : number(n, { signed: true }))

const sizes = ['B', 'kB', 'MB', 'GB', 'TB']
export function bytes(n: Known<number>): Content {
  if (!isKnown(n)) return noValue
  const step = n < 1 ? 0 : Math.min(sizes.length - 1, Math.floor(Math.log2(n) / 10))
  const size = n / 1024 ** step
  return number(size, { unit: sizes[step], digits: step > 0 && size < 100 ? 1 : 0 })
}

/** `340 ms`, `12.4 s`, `3 min 20 s`, `4 h 5 min`, `12 d 3 h`: two units at most. */
export function duration(ms: Known<number>): Content {
  if (!isKnown(ms)) return noValue
  if (ms < 0) return html`−${duration(-ms)}`
  if (ms < 999.5) return number(ms, { unit: 'ms', digits: ms < 10 && ms % 1 ? 1 : 0 })
  if (ms < 59_500) return number(ms / 1_000, { unit: 's', digits: ms < 10_000 ? 1 : 0 })
  const seconds = Math.round(ms / 1_000)
  const pair = (big: number, unit: string, small: number, smallUnit: string) =>
    small ? `${big}\u202f${unit} ${small}\u202f${smallUnit}` : `${big}\u202f${unit}`
  if (seconds < 3_600) return pair(Math.floor(seconds / 60), 'min', seconds % 60, 's')
  const minutes = Math.round(seconds / 60)
  if (minutes < 1_440) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'min')
  const hours = Math.round(minutes / 60)
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h')
}

type TimeValue = string | number // ISO 8601, or ms since 1970
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const twoDigits = (n: number) => String(n).padStart(2, '0')
const dateText = (at: Date) => `${at.getUTCDate()} ${months[at.getUTCMonth()]} ${at.getUTCFullYear()}`
export const momentText = (at: Date) =>
  `${dateText(at)}, ${twoDigits(at.getUTCHours())}:${twoDigits(at.getUTCMinutes())} UTC`

function shown(at: Known<TimeValue>, markup: (date: Date) => Html): Content {
  const date = at === null || at === undefined ? undefined : new Date(at)
  return date && Number.isFinite(date.getTime()) ? markup(date) : noValue
}

/** As sent in UTC; the attributes say what the browser makes of it. */
const timeTag = (at: Known<TimeValue>, attributes?: Html): Content =>
  shown(at, date => html`<time datetime="${date.toISOString()}"${attributes}>${momentText(date)}</time>`)

/** A moment: then relative in the browser, with the absolute one on hover and focus. */
export const time = (at: Known<TimeValue>): Content => timeTag(at, html` data-relative`)

/** A time that stays absolute, in UTC: where the date matters more than how long ago it was. */
export const moment = (at: Known<TimeValue>): Content => timeTag(at)

/** A moment that stays absolute: then in the reader's zone. */
export const localMoment = (at: Known<TimeValue>): Content => timeTag(at, html` data-moment`)

/** The time left, counted down each second in the browser; `over` when none is left. */
export const countdown = (at: Known<TimeValue>, over = 'expired'): Content =>
  timeTag(at, html` data-countdown="${over}"`)

/** The time since then, counted up each second in the browser. */
export const elapsed = (at: Known<TimeValue>): Content => timeTag(at, html` data-elapsed`)

export const utcDay = (at: Known<TimeValue>): Content =>
  shown(at, date => html`<time datetime="${date.toISOString().slice(0, 10)}">${dateText(date)}</time>`)

/** The day of a moment: in UTC as sent, then in the reader's zone. */
export const localDay = (at: Known<TimeValue>): Content =>
  shown(
    at,
    date => html`<time datetime="${date.toISOString()}" title="${momentText(date)}" data-day>${dateText(date)}</time>`,
  )

/** A name that somebody chose: isolated, so that its text direction does not change the text around it. */
export const name = (text: Known<string>): Content => (text ? html`<bdi class="name">${text}</bdi>` : noValue)
