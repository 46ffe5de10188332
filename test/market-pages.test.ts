/** The pages of market leagues, in a real browser. */
import { expect, test } from 'bun:test'
import { consoleErrorsOf, openBrowser, signInBrowser } from './browser.ts'
import { newCup, newTraders, sendQuotes, trade } from './market.ts'
import { browserTest } from './needs.ts'
import { start } from './start.ts'
import { visitor } from './visitor.ts'
import { pageFaults } from './web-seen.ts'

const ann = { email: 'ann@example.org', username: 'ann', password: 'correct horse battery', role: 'member' }

async function startMarket() {
  const fieldhouse = await start()
  await newCup(fieldhouse.call, { fee_cents: 100, max_position_pct: 40, quote_max_age_s: 3_600 })
  await fieldhouse.call.post('/api/v1/users', ann)
  await sendQuotes(fieldhouse.call, { ACME: 20_000, BOLT: 5_050, 'BRK.B': 41_234 })
  return fieldhouse
}

browserTest('a member joins, sees what an order would do, places it, and the page follows quotes', async () => {
  const { call, url, ...fieldhouse } = await startMarket()
  const page = await openBrowser()
  const consoleErrors = consoleErrorsOf(page)
  await signInBrowser(page, url, ann.email, ann.password)
  await page.goto(`${url}/leagues/1/trade`)
  await page.click('text=Join the league')
  await page.waitForSelector('#order')

  await page.fill('[name=symbol]', 'acme')
  await page.fill('[name=quantity]', '100')
  await page.waitForSelector('.preview .sum')
  expect(await page.locator('.preview').textContent()).toContain('100 at 200.00: 20,000.00 and a fee of 1.00')
  expect(await page.locator('.preview').textContent()).toContain('Cash 100,000.00 → 79,999.00')
  await page.click('text=Place the order')
  await page.waitForSelector('#h-ACME')
  await page.waitForSelector('.toast:text-is("Bought 100 ACME at 200.00")')

  await page.fill('[name=quantity]', '500')
  await page.waitForSelector('.preview .no')
  await page.click('.preview button') // the largest that fits
  expect(await page.inputValue('[name=quantity]')).toBe('99')
  await sendQuotes(call, { ACME: 21_000 })
  await page.waitForFunction(() => document.querySelector('#h-ACME .score')?.textContent === '21,000.00')
  expect(await page.inputValue('[name=quantity]')).toBe('99') // what one is filling in stays
  expect(await page.locator('.stats').textContent()).toContain('+1,000.00')
  expect(consoleErrors).toEqual([])

  await page.click('#h-ACME >> text=Sell')
  expect([await page.inputValue('[name=side]'), await page.inputValue('[name=quantity]')]).toEqual(['sell', '100'])
  fieldhouse.clock.forward(2 * 3_600_000)
  await page.click('text=Place the order')
  await page.waitForSelector('[aria-invalid]')
  expect(await page.locator('#f-symbol-error').textContent()).toContain('may be at most 1\u202fh old')
  await page.reload()
  expect(await page.locator('.notice.warn').textContent()).toContain('One quote is older than 1\u202fh')
})

browserTest('an order that got no answer is sent again under the same key and done once', async () => {
  const fieldhouse = await startMarket()
  const page = await openBrowser()
  await signInBrowser(page, fieldhouse.url, ann.email, ann.password)
  await page.goto(`${fieldhouse.url}/leagues/1/trade`)
  await page.click('text=Join the league')
  await page.waitForSelector('#order')
  const keys: (string | undefined)[] = []
  await page.route('**/api/v1/leagues/1/trades', async (route, request) => {
    keys.push(request.headers()['idempotency-key'])
    if (keys.length > 1) return route.continue()
    await route.fetch() // it arrives, but the answer does not
    await route.abort()
  })
  await page.fill('[name=symbol]', 'ACME')
  await page.fill('[name=quantity]', '7')
  await page.waitForSelector('.preview .sum') // the scripts run: before, the browser would send the form by itself
  await page.click('text=Place the order')
  await page.waitForSelector('[data-refusal]:not([hidden])')
  await page.click('text=Place the order')
  await page.waitForSelector('#h-ACME')
  expect(keys[0]).toBe(keys[1])
  expect((await fieldhouse.call.get('/api/v1/leagues/1/trades')).trades).toMatchObject([{ quantity: 7 }])
})

browserTest('activity follows what happens, officers set prices and look after feeds', async () => {
  const fieldhouse = await startMarket()
  await fieldhouse.call.post('/api/v1/users', { ...ann, email: 'olga@example.org', username: 'olga', role: 'officer' })
  const [bob] = await newTraders(fieldhouse, 1, ['bob <b>'])
  const page = await openBrowser()
  const consoleErrors = consoleErrorsOf(page)
  await signInBrowser(page, fieldhouse.url, 'olga@example.org', ann.password)
  await page.goto(`${fieldhouse.url}/leagues/1/activity`)
  await page.waitForSelector('text=bob <b>')
  await trade(bob!, 1, 'buy', 3, 'BOLT')
  await page.waitForSelector('td:text-is("BOLT")')

  await page.goto(`${fieldhouse.url}/quotes`)
  await page.fill('[name="quotes[0].symbol"]', 'corn')
  await page.fill('[name="quotes[0].price_cents"]', '9.85')
  await page.click('text=Set the price')
  await page.waitForSelector('#q-CORN')
  expect(await fieldhouse.call.get('/api/v1/quotes/CORN')).toMatchObject({ price_cents: 985 })
  await page.goto(`${fieldhouse.url}/leagues/1/portfolios/${bob!.id}`)
  expect(await page.locator('h1').textContent()).toBe('Portfolio of bob <b>')
  expect(await page.locator('#order').count()).toBe(0)
  expect(consoleErrors).toEqual([])
})

browserTest('everything can be read in either light, named, and fits a phone', async () => {
  const fieldhouse = await startMarket()
  const page = await openBrowser({ viewport: { width: 360, height: 700 } })
  await signInBrowser(page, fieldhouse.url, ann.email, ann.password)
  await page.goto(`${fieldhouse.url}/leagues/1/trade`)
  await page.click('text=Join the league')
  await page.waitForSelector('#order')
  await page.fill('[name=symbol]', 'BRK.B')
  await page.fill('[name=quantity]', '20')
  await page.waitForSelector('.preview .sum') // the scripts run
  await page.click('text=Place the order')
  await page.waitForSelector('[id="h-BRK.B"]')
  for (const path of [
    '/leagues/1/trade?symbol=ACME&quantity=900',
    '/leagues/1/activity',
    '/leagues/1',
    '/quotes',
    '/quotes/ACME',
    '/leagues/1/prices',
  ]) {
    await page.goto(fieldhouse.url + path)
    if (path.includes('trade')) await page.waitForSelector('.preview .no')
    expect([path, ...(await pageFaults(page, [360]))]).toEqual([path])
  }
})

test('the pages say why they cannot be used: signed out, the operator, another kind of league, others’ portfolios', async () => {
  const fieldhouse = await startMarket()
  const browser = visitor(fieldhouse.url)
  const acceptHtml = { headers: { accept: 'text/html' } }
  expect((await browser.visit('/leagues/1/trade', acceptHtml)).headers.get('location')).toBe(
    '/sign-in?next=%2Fleagues%2F1%2Ftrade',
  )
  await browser.signIn(ann.email, ann.password)
  const [bob] = await newTraders(fieldhouse, 1, ['bob'])
  expect((await browser.visit(`/leagues/1/portfolios/${bob!.id}`, acceptHtml)).status).toBe(403)
  expect(await (await browser.visit('/leagues/1/trade', acceptHtml)).text()).toContain('You are not in this league yet')
  const operator = await fieldhouse.call.raw('/leagues/1/trade', acceptHtml)
  expect(await operator.text()).toContain('The operator cannot join a league')
  await fieldhouse.call.post('/api/v1/leagues', {
    name: 'Sheets',
    kind: 'sheet',
    starts_at: '2026-01-01T00:00:00Z',
    ends_at: '2099-01-01T00:00:00Z',
  })
  expect((await browser.visit('/leagues/2/trade', acceptHtml)).status).toBe(404)
})

browserTest(
  'an officer answers a held price and takes a wrong one back; the member sees what happened to the trade',
  async () => {
    const fieldhouse = await startMarket()
    const { call, url } = fieldhouse
    await call.post('/api/v1/users', { ...ann, email: 'olga@example.org', username: 'olga', role: 'officer' })
    const [bob] = await newTraders(fieldhouse, 1, ['bob'])
    const page = await openBrowser()
    const consoleErrors = consoleErrorsOf(page)
    await signInBrowser(page, url, 'olga@example.org', ann.password)
    await page.goto(`${url}/leagues/1/prices`)
    await page.fill('[name="quotes[0].symbol"]', 'acme')
    await page.fill('[name="quotes[0].price_cents"]', '20.00')
    await page.click('text=Set the price')
    await page.waitForSelector('#held tr[id^=held-]')
    await page.waitForSelector('.toast:text-is("1 held until an officer answers")')
    expect(await page.locator('#held h2').textContent()).toBe('Is this price right?')
    await page.click('#held >> text=Accept')
    await page.waitForFunction(() => !document.querySelector('#held'))
    expect(await page.locator('#q-ACME .score').textContent()).toBe('20.00')

    await trade(bob!, 1, 'buy', 100, 'ACME')
    await page.click('#q-ACME >> text=ACME')
    await page.waitForSelector('[id^=price-]')
    const row = page.locator('tr[id^=price-]').first()
    expect(await row.textContent()).toContain('20.00')
    await row.locator('button').click()
    await page.waitForSelector('dialog[open]')
    expect(await page.locator('dialog').textContent()).toContain('The trade made at it is undone')
    await page.fill('dialog input', 'A slip')
    await page.click('dialog button:has-text("Take back")')
    await page.waitForSelector('text=Price 20.00 taken back')
    expect(await call.get('/api/v1/quotes/ACME')).toMatchObject({ price_cents: 20_000 })

    await page.fill('[name=per_share_cents]', '0.25')
    await page.click('text=Pay the dividend')
    await page.click('dialog button:has-text("Pay the dividend")')
    await page.waitForSelector('text=Dividend of 0.25 per share')
    await page.goto(`${url}/leagues/1/portfolios/${bob!.id}`)
    expect(await page.locator('.notice.warn').textContent()).toContain(
      'the price of ACME, 20.00, was wrong. The reason: A slip.',
    )
    expect(await page.locator('[data-chart]').count()).toBe(1)
    await page.goto(`${url}/leagues/1/activity`)
    expect(await page.locator('tbody tr').first().textContent()).toContain('A slip')
    expect(consoleErrors).toEqual([])
  },
)

browserTest('a new league leads to where its prices are set, and the first ones come from a spreadsheet', async () => {
  const fieldhouse = await start()
  const { call, url } = fieldhouse
  await newCup(call)
  await call.post('/api/v1/users', { ...ann, email: 'olga@example.org', username: 'olga', role: 'officer' })
  await call.post('/api/v1/users', ann)
  const page = await openBrowser()
  await signInBrowser(page, url, 'olga@example.org', ann.password)
  await page.goto(`${url}/leagues/1`)
  expect(await page.locator('.notice.warn').textContent()).toContain('This league needs prices before anyone can trade')
  await page.click('text=set them here')
  await page.waitForSelector('text=There are no prices yet')
  await page.fill('[name=csv]', 'symbol,price,as_of\nACME,1.005\n')
  await page.click('text=Import the prices')
  await page.waitForSelector('text=Write a price such as 213.50')
  const yesterday = new Date(fieldhouse.clock.now() - 86_400_000).toISOString().slice(0, 10)
  await page.fill('[name=csv]', `symbol,price,as_of\nACME,19.00,${yesterday}\nACME,20.50,\nBOLT,7,`)
  await page.click('text=Import the prices')
  await page.waitForSelector('#q-ACME .spark')
  await page.goto(`${url}/leagues/1`)
  await page.waitForSelector('text=The board fills')
  expect(await page.locator('.notice.warn').count()).toBe(0)

  // A member trades from the list, and the old error goes as the order is put right.
  const memberPage = await openBrowser()
  await signInBrowser(memberPage, url, ann.email, ann.password)
  await memberPage.goto(`${url}/leagues/1/trade`)
  await memberPage.click('text=Join the league')
  await memberPage.waitForSelector('#order')
  await memberPage.goto(`${url}/leagues/1/prices`)
  await memberPage.click('#q-BOLT >> text=Buy')
  await memberPage.waitForSelector('#order')
  expect(await memberPage.inputValue('[name=symbol]')).toBe('BOLT')
  await memberPage.fill('[name=quantity]', '500000')
  await memberPage.waitForSelector('.preview .no') // the scripts run
  await memberPage.click('text=Place the order')
  await memberPage.waitForSelector('[aria-invalid]')
  await memberPage.fill('[name=quantity]', '5')
  expect(await memberPage.locator('[aria-invalid]').count()).toBe(0)
  expect(await memberPage.locator('#f-quantity-error').isVisible()).toBe(false)
  await memberPage.click('text=Place the order')
  await memberPage.waitForSelector('#h-BOLT')
  await memberPage.click('#h-BOLT >> text=BOLT')
  await memberPage.waitForSelector('h1:text-is("BOLT")')
  await memberPage.click('text=Trade in Spring trading cup')
  await memberPage.waitForSelector('#order')
})
