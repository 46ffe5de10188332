import { expect, test } from 'bun:test'
import { parseForm } from '../src/platform/http/multipart-form.ts'

const type = 'multipart/form-data; boundary=x-y'
const disposition = 'Content-Disposition: form-data;'
const file = `--x-y\r\n${disposition} name="file"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\nid\r\n--x-\r\n`
const field = `--x-y\r\n${disposition} name="kind"\r\n\r\nbaseline\r\n`
const usual = `${file}\r\n${field}--x-y--\r\n`
const parse = (body: string, contentType = type) =>
  parseForm(new TextEncoder().encode(body), contentType)?.map(part => ({ ...part, bytes: part.bytes.toString() }))

test('a form is parsed as the runtime writes it', async () => {
  const form = new FormData()
  const bytes = crypto.getRandomValues(new Uint8Array(50_000))
  form.set('file', new File([bytes], 'ä 白.xlsx'))
  form.set('mapping', '{"Kräfte":"power"}\r\n')
  form.set('empty', '')
  const sent = new Response(form)
  const sentType = sent.headers.get('content-type') ?? ''
  const parts = parseForm(await sent.bytes(), sentType)
  expect(parts?.map(({ name, filename }) => [name, filename])).toEqual([
    ['file', 'ä 白.xlsx'],
    ['mapping', undefined],
    ['empty', undefined],
  ])
  expect(parts?.[0]?.bytes.equals(bytes)).toBe(true)
  expect(parts?.slice(1).map(part => part.bytes.toString())).toEqual(['{"Kräfte":"power"}\r\n', ''])
})

test('what merely begins like the boundary belongs to the file', () => {
  const parts = [
    { name: 'file', filename: 'a.csv', bytes: 'id\r\n--x-\r\n' },
    { name: 'kind', bytes: 'baseline' },
  ]
  expect(parse(usual)).toEqual(parts)
  expect(parse(usual.slice(0, -2), 'Multipart/Form-Data;boundary="x-y"')).toEqual(parts)
})

test('a form is left to others where it is unusual, and wherever it is cut off', () => {
  const unusual = {
    'text before it': `hello\r\n${usual}`,
    'text after it': `${usual}hello`,
    'a boundary that goes on': usual.replace('\r\n--x-\r\n', '\r\n--x-yz\r\n'),
    'an escaped name': usual.replace('a.csv', 'a\\"b.csv'),
    'an encoded name': usual.replace('filename="a.csv"', "filename*=utf-8''a.csv"),
    'another header': usual.replace('Content-Type: text/csv', 'Content-Transfer-Encoding: base64'),
    'a long head': usual.replace('text/csv', 'x'.repeat(2000)),
    'no name': usual.replace(' name="kind"', ''),
  }
  for (const [what, body] of Object.entries(unusual)) expect([what, parse(body)]).toEqual([what, undefined])
  for (const contentType of ['multipart/form-data', `${type}; boundary=z`, 'multipart/form-data; boundary=z'])
    expect([contentType, parse(usual, contentType)]).toEqual([contentType, undefined])
  for (let length = 0; length < usual.length - 2; length++)
    expect([length, parse(usual.slice(0, length))]).toEqual([length, undefined])
})
