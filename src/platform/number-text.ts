/** Numbers in sentences. Pages show numbers by themselves with `ui/parts/values.ts`. */
const wholeFormat = new Intl.NumberFormat('en')
const moneyFormat = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })

/** `1,234` */
export const countText = (count: number): string => wholeFormat.format(count)

/** `1 day`, `1,234 days` */
export const counted = (count: number, one: string, several = `${one}s`): string =>
  `${countText(count)} ${count === 1 ? one : several}`

/** Integer cents as `1,234.50`. */
export const moneyText = (cents: number): string => moneyFormat.format(cents / 100)

/** `a, b and 3 more`, where `named` are the first of `count`. */
export const firstOfText = (named: readonly string[], count: number): string =>
  count > named.length ? `${named.join(', ')} and ${countText(count - named.length)} more` : named.join(', ')
