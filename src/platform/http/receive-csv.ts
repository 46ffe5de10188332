import { refuse } from '../../errors.ts'
import { readBody } from '../body.ts'

const most = 2_000_000 // bytes: some ten thousand rows

/** The text of a CSV sent as it is, as `csv` of a JSON body, or as `file` of a form. */
export async function receiveCsv(request: Request): Promise<string> {
  const type = request.headers.get('content-type') ?? ''
  const body = await readBody(request, most)
  if (type.includes('multipart/')) {
    const file = (await new Response(body, { headers: { 'content-type': type } }).formData().catch(unreadable)).get(
      'file',
    )
    return file instanceof Blob ? file.text() : (file ?? refuse('invalid', 'The form holds no file'))
  }
  const text = new TextDecoder().decode(body)
  if (!type.includes('json')) return text
  const given: unknown = parsed(text)
  const csv = typeof given === 'object' && given !== null && 'csv' in given ? given.csv : undefined
  return typeof csv === 'string'
    ? csv
    : refuse('invalid', 'csv is missing', { errors: [{ path: 'csv', message: 'Choose a CSV file.' }] })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return unreadable()
  }
}

const unreadable = (): never => refuse('bad_request', 'The body cannot be read')
