/** A file in a browser without JavaScript: chosen, mapped, tried, imported, held and answered. */
import { expect, test } from 'bun:test'
import { openBrowser, signInBrowser } from './browser.ts'
import { browserTest } from './needs.ts'
import { filesOfUploads, formOf, newLeague, upload } from './sheets.ts'
import { board, start, until } from './start.ts'
import { visitor } from './visitor.ts'

const olga = { email: 'olga@example.org', username: 'Olga', password: 'correct horse battery', role: 'officer' }
const sheet = (heads: string, n: number) =>
  `${heads}\n${Array.from({ length: 20 }, (_, i) => `p${i},Player ${i},${1000 + n},${100 + n * (i + 1)}`).join('\n')}\n`

async function startWithScans() {
  const app = await start()
  const { call, finished, url } = app
  await call.post('/api/v1/users', olga)
  const { id } = await newLeague(call, { weights: { deads: 1 } })
  await finished(
    upload(call, id, sheet('id,name,power,deads', 1), { kind: 'baseline', taken_at: '2026-03-01T00:00:00Z' }),
  )
  await finished(upload(call, id, sheet('id,name,power,deads', 2), { taken_at: '2026-03-02T00:00:00Z' }))
  const page = await openBrowser({ javaScriptEnabled: false })
  await signInBrowser(page, url, olga.email, olga.password)
  const choose = async (name: string, text: string) => {
    await page.goto(`${url}/leagues/${id}/uploads`)
    await page.setInputFiles('[name=file]', { name, mimeType: 'text/csv', buffer: Buffer.from(text) })
    await page.click('text=Choose its columns')
  }
  /** Reloads until the selector matches, as a browser without JavaScript does by itself; with JavaScript turned off Chromium does not. */
  const reloadUntil = (selector: string) =>
    until(async () => {
      if ((await page.locator(selector).count()) > 0) return true
      await page.reload()
      return false
    })
  return { ...app, id, page, choose, reloadUntil }
}

browserTest('without JavaScript a file with unknown headings is mapped, tried and imported', async () => {
  const { call, id, page, choose, reloadUntil, dataDir } = await startWithScans()
  await choose('2026-03-05.csv', sheet('Who,Called,Might,Fallen', 3).replace('p0,', 'q0,'))
  expect(await page.locator('.notice').first().textContent()).toContain('No id column')
  const role = (header: string) => page.getByLabel(`Read “${header}” as`)
  await page.click('text=Import this file')
  expect(await page.locator('.notice.bad').last().textContent()).toContain('Choose one column as the player id')
  await role('Who').selectOption('id')
  await role('Called').selectOption('name')
  await page.getByLabel('What “Might” is called').fill('Power')
  await role('Fallen').selectOption('metric')
  await page.getByLabel('What “Fallen” is called').fill('Deads')
  await page.click('button:text("What this file would change")')
  await reloadUntil('[data-trial] >> text=20 good')
  expect(await page.inputValue('[name=taken_at]')).toBe('2026-03-05T00:00')
  await page.click('summary:text-is("1 missing")')
  await page.waitForSelector('[data-trial] code:text("p0") >> visible=true')
  await page.click('text=Import this file')
  await reloadUntil('.toolbar >> text=done')
  expect((await board(call, id)).rows[0]).toMatchObject({ player_id: 'p19', score: 40 })
  expect((await call.get(`/api/v1/leagues/${id}/uploads`)).uploads[0]).toMatchObject({
    taken_at: '2026-03-05T00:00:00.000Z',
    taken_from: 'filename',
    mapping: { Who: 'id', Called: 'name', Might: 'power', Fallen: 'deads' },
  })
  await choose('other.csv', sheet('id,name,power,deads', 9))
  await page.click('text=Discard')
  await page.waitForURL(/uploads$/)
  await until(() => filesOfUploads({ dataDir }).length === 3)
})

browserTest('without JavaScript a held file is answered, and nobody sees the file another has chosen', async () => {
  const { call, id, page, choose, reloadUntil, url } = await startWithScans()
  await choose('2026-03-06.csv', sheet('id,name,power,deads', 0))
  const draft = new URL(page.url()).pathname
  await page.click('text=Import this file')
  await reloadUntil('#held >> text=counters that should only rise')
  await page.fill('#f-plain-date', '2026-03-01T12:00')
  await page.click('text=Publish with this date >> visible=true')
  await page.waitForSelector('.toolbar >> text=done')
  expect((await call.get(`/api/v1/leagues/${id}/uploads`)).uploads[0]).toMatchObject({
    status: 'done',
    taken_at: '2026-03-01T12:00:00.000Z',
  })

  await choose('2026-03-07.csv', sheet('id,name,power,deads', 0).replace('p3,', 'p33,'))
  const mine = new URL(page.url()).pathname
  expect(mine).not.toBe(draft)
  expect((await call.raw(mine)).status).toBe(404) // the operator is another
  await page.click('text=Import this file')
  await reloadUntil('text=Discard for good')
  await page.click('text=Discard for good >> visible=true')
  await page.waitForSelector('.toolbar >> text=cancelled')

  const other = visitor(url)
  await other.signIn(olga.email, olga.password)
  const form = new FormData()
  form.set('file', new File(['id,power\n1,2\n'], 'x.csv'))
  expect((await other.visit(`/leagues/${id}/uploads`, { method: 'POST', body: form })).status).toBe(403) // no token
})

test('a chosen file is imported once, whether the button is clicked twice or it is discarded at the same time', async () => {
  const { call, dataDir } = await start()
  const { id } = await newLeague(call)
  const columns = { id: 'id', name: 'name', power: 'metric', deads: 'metric' }
  const fields = Object.entries(columns).flatMap(([header, role]) => [
    ['header', header],
    ['role', role],
    ['called', role === 'metric' ? header : ''],
  ])
  const choose = async (n: number) => {
    const body = formOf(sheet('id,name,power,deads', n))
    return (await call.raw(`/leagues/${id}/uploads`, { method: 'POST', body })).headers.get('location') ?? ''
  }
  const click = (draft: string, button: string) =>
    call.raw(draft, { method: 'POST', body: new URLSearchParams([['do', button], ...fields]) })
  const ended = () =>
    until(async () => {
      const { uploads } = await call.get(`/api/v1/leagues/${id}/uploads`)
      return uploads.every(({ status }: { status: string }) => status === 'done') && uploads
    })

  const first = await choose(1)
  const clicks = await Promise.all([click(first, 'import'), click(first, 'import')])
  expect(clicks.map(({ headers }) => headers.get('location'))).toEqual(Array(2).fill(`/leagues/${id}/uploads/1`))
  expect(await ended()).toHaveLength(1)

  const second = await choose(2)
  const [discarded] = await Promise.all([click(second, 'discard'), click(second, 'import')])
  expect(await ended()).toHaveLength(discarded?.status === 303 ? 1 : 2)
  expect(filesOfUploads({ dataDir })).toHaveLength((await ended()).length)

  const third = await choose(3)
  const [tried] = await Promise.all([click(third, 'trial'), click(third, 'discard')])
  expect([303, 404]).toContain(tried?.status)
})

test('the trial of an extra sheet says who is not in the newest scan', async () => {
  const { call, finished } = await start()
  const { id } = await newLeague(call)
  await finished(upload(call, id, sheet('id,name,power,deads', 1)))
  const body = formOf('id,proof\np1,5\nguest,7\n', 'proof.csv', { kind: 'extra' })
  const draft = (await call.raw(`/leagues/${id}/uploads`, { method: 'POST', body })).headers.get('location') ?? ''
  const form = 'do=trial&kind=extra&header=id&role=id&called=&header=proof&role=metric&called=proof'
  await call.raw(draft, { method: 'POST', body: new URLSearchParams(form) })
  const shown = await until(async () => {
    const text = await (await call.raw(draft)).text()
    return text.includes('data-trial') && text
  })
  expect(shown).toContain('<p>2 rows · 2 good · 0 bad · 1 unknown</p>')
  expect(shown).toContain('<code>guest</code>')
})
