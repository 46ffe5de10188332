import { expect, test } from 'bun:test'
import { start } from './start.ts'

test('the guide is served at /help, and its links lead to its own pages', async () => {
  const { url } = await start()
  const fetchPage = async (path: string) => {
    const answer = await fetch(url + path)
    expect([path, answer.status]).toEqual([path, 200])
    return await answer.text()
  }
  const linksIn = (page: string) => [...page.matchAll(/href="(\/help\/[^"#]*)/g)].map(([, link]) => link ?? '')
  expect(await fetchPage('/')).toContain('href="/help"')
  const chapters = linksIn(await fetchPage('/help'))
  expect(chapters).toContain('/help/sheets')
  for (const chapter of chapters) {
    const page = await fetchPage(chapter)
    expect(page).toContain('<h1 id=')
    expect(page).not.toMatch(/href="[^"]*\.md|javascript:|<img(?! src="\/(assets|help\/images))/)
    for (const link of linksIn(page)) expect(chapters).toContain(link)
  }
  expect((await fetch(`${url}/help/none`)).status).toBe(404)
  const [picture] = (await fetchPage('/help/sheets')).match(/\/help\/images\/[\w-]+\.png/) ?? []
  const image = await fetch(url + picture)
  expect([image.status, image.headers.get('content-type')]).toEqual([200, 'image/png'])
  expect((await fetch(`${url}/help/images/none.png`)).status).toBe(404)
})
