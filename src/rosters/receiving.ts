import { refuse } from '../errors.ts'

const most = 2_000_000 // bytes: some ten thousand shifts

/** The text of a CSV sent as it is, as `csv` of a JSON body, or as `file` of a form. */
export async function receiveCsv(request: Request): Promise<string> {
  const type = request.headers.get('content-type') ?? ''
  if (Number(request.headers.get('content-length') ?? 0) > most) tooLarge()
  const body = await read(request)
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
    : refuse('invalid', 'csv is missing', { errors: [{ path: 'csv', message: 'is missing' }] })
}

async function read(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of request.body ?? []) {
    size += part.length
    if (size > most) tooLarge()
    parts.push(part)
  }
  return new Uint8Array(Buffer.concat(parts))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return unreadable()
  }
}

const unreadable = (): never => refuse('bad_request', 'The body cannot be read')
const tooLarge = (): never => refuse('too_large', `A CSV of shifts may hold ${most / 1e6} MB`)
