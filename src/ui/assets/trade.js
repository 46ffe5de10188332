// The order form shows what the order would do before it is sent, and finds symbols as they are typed.
import { call } from './api.js'
import { clearErrors } from './forms.js'
import { relativeText } from './times.js'
import { toast } from './toast.js'

const whole = new Intl.NumberFormat('en')
const cents = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
const money = value => cents.format(value / 100)

for (const order of document.querySelectorAll('[data-order]')) watch(order)

function watch(order) {
  const form = order.querySelector('form')
  const output = order.querySelector('[data-preview]')
  const { side, symbol, quantity } = form.elements
  let latest = 0
  let timer

  const showAfter = delay => {
    clearTimeout(timer)
    timer = setTimeout(show, delay)
  }
  async function show() {
    const request = ++latest
    if (!symbol.value.trim() || !(Number(quantity.value) >= 1)) return output.replaceChildren()
    const query = new URLSearchParams({ side: side.value, symbol: symbol.value.trim(), quantity: quantity.value })
    const preview = await call('get', `${order.dataset.order}?${query}`).catch(() => undefined)
    if (request !== latest) return
    if (!preview) return output.replaceChildren()
    output.replaceChildren(...(preview.allowed ? effect(preview) : refusalLines(preview)))
  }
  const line = (text, className = '') => Object.assign(document.createElement('p'), { textContent: text, className })

  function effect(preview) {
    const amount = money(preview.amount_cents)
    const fee = preview.fee_cents ? ` and a fee of ${money(preview.fee_cents)}` : ''
    const share = preview.share_after_pct === null ? '' : `, ${preview.share_after_pct.toFixed(1)} % of the total value`
    return [
      line(`${whole.format(quantity.value)} at ${money(preview.price_cents)}: ${amount}${fee}`, 'sum'),
      line(`Cash ${money(preview.cash_cents)} → ${money(preview.cash_after_cents)}`),
      line(`Holding ${whole.format(preview.holding)} → ${whole.format(preview.holding_after)}${share}`),
      line(`Quoted ${relativeText(-preview.quote_age_s)}`, 'quiet'),
    ]
  }

  function refusalLines({ refusal, most }) {
    const no = line(refusal.detail, 'no')
    if (!(most > 0)) return [no]
    const fits = Object.assign(document.createElement('button'), {
      type: 'button',
      className: 'small quiet',
      textContent: `Make it ${whole.format(most)}`,
    })
    fits.addEventListener('click', () => {
      quantity.value = most
      clearErrors(form)
      quantity.focus()
      show()
    })
    return [no, fits]
  }

  form.addEventListener('input', ({ target }) => {
    clearErrors(form) // they were about the order before; the preview shows what is wrong with this one
    if (target === symbol) find()
    showAfter(200)
  })
  form.addEventListener('fieldhouse:done', ({ detail: trade }) => {
    toast(
      `${trade.side === 'buy' ? 'Bought' : 'Sold'} ${whole.format(trade.quantity)} ${trade.symbol} at ${money(trade.price_cents)}`,
    )
    quantity.value = ''
    output.replaceChildren()
    order.closest('[data-live]')?.dispatchEvent(new CustomEvent('fieldhouse:refresh'))
    quantity.focus()
  })

  const known = order.querySelector('datalist')
  let sought = ''
  async function find() {
    const q = symbol.value.trim()
    if (!q || q === sought) return
    sought = q
    const found = await call('get', `/api/v1/quotes?limit=20&q=${encodeURIComponent(q)}`).catch(() => undefined)
    if (!found || sought !== q) return
    const there = new Set([...known.options].map(({ value }) => value))
    for (const quote of found.quotes)
      if (!there.has(quote.symbol))
        known.append(Object.assign(document.createElement('option'), { value: quote.symbol }))
  }
  show()
}
