/** Bodies that are read whole: with a limit of their length, and tables in whatever form they are sent. */
import { Refusal, refuse } from '../../errors.ts'
import { pathOf } from './responses.ts'

export class TooLarge extends Error {
  constructor(readonly limit: number) {
    super(`The body is larger than ${limit} bytes`)
  }
}

/** Reads the whole body into memory; throws `TooLarge` as soon as it is longer than `maxBytes`. */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of request.body ?? []) {
      length += chunk.length
      if (length > maxBytes) throw new TooLarge(maxBytes)
      chunks.push(chunk)
    }
  } catch (error) {
    throw error instanceof TooLarge ? error : new Refusal('bad_request', 'The body was cut off before its end')
  }
  return new Uint8Array(Buffer.concat(chunks))
}

/** In bytes; 0 if it is not stated. */
export const bodyLength = ({ headers }: Request): number => Number(headers.get('content-length') ?? 0)
export const bodyIsSent = (request: Request): boolean =>
  bodyLength(request) > 0 || request.headers.has('transfer-encoding')

const jsonType = /^(application\/(json|[\w.-]+\+json)|text\/json)\s*(;|$)/i

/**
 * The router reads a body as JSON only by its plain name; of `application/merge-patch+json` or `APPLICATION/JSON`, or of a body
 * without a type, it would take no notice.
 */
export function nameJsonPlainly(request: Request): void {
  const { headers, url } = request
  const type = headers.get('content-type')
  const isMeantAsJson = bodyIsSent(request) && pathOf(url).startsWith('/api/')
  if (type ? jsonType.test(type) : isMeantAsJson) headers.set('content-type', 'application/json')
}

export function refusePacked({ headers }: Request): void {
  const coding = headers.get('content-encoding')
  if (coding && coding.toLowerCase() !== 'identity')
    refuse('unsupported', `Send the body unpacked, without Content-Encoding: ${coding}`)
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

const maxLevels = 50 // no body needs ten; from some ten thousand on, describing what is wrong overflows the stack

/** Throws if it is not JSON in UTF-8. Some programs send an action that needs no words in no chunks: an object without names. */
export async function jsonBody(request: Request): Promise<unknown> {
  const text = utf8.decode(await request.arrayBuffer())
  const body: unknown = text === '' && request.method === 'POST' ? {} : JSON.parse(text)
  if (isDeeper(body, maxLevels))
    throw new Refusal('bad_request', `The body is nested more than ${maxLevels} levels deep`)
  return body
}

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || (Array.isArray(value) ? value : Object.values(value)).some(each => isDeeper(each, levels - 1)))

const maxTableBytes = 2_000_000 // some ten thousand rows

/** The text of a CSV that is sent as the body, as `csv` of a JSON body, or as `file` of a form. */
export const receiveCsv = async (request: Request): Promise<string> =>
  new TextDecoder().decode(await receiveTable(request))

/** A CSV or a workbook, sent in the same ways. */
export async function receiveTable(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  const type = request.headers.get('content-type') ?? ''
  const body = await readBody(request, maxTableBytes)
  if (type.includes('multipart/')) {
    const file = (await new Response(body, { headers: { 'content-type': type } }).formData().catch(unreadable)).get(
      'file',
    )
    return file instanceof Blob ? file.bytes() : asBytes(file ?? refuse('invalid', 'The form holds no file'))
  }
  if (!type.includes('json')) return body
  const json: unknown = parsed(new TextDecoder().decode(body))
  const csv = typeof json === 'object' && json !== null && 'csv' in json ? json.csv : undefined
  return typeof csv === 'string'
    ? asBytes(csv)
    : refuse('invalid', 'csv is missing', { errors: [{ path: 'csv', message: 'Choose a CSV or XLSX file.' }] })
}

const asBytes = (text: string) => new TextEncoder().encode(text)

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return unreadable()
  }
}

const unreadable = (): never => refuse('bad_request', 'The body cannot be read')

type TextSchema = { type: 'string'; format?: string; example?: string }
const textSchema: TextSchema = { type: 'string' }
const binary = { ...textSchema, format: 'binary' }
const object = (name: string, schema: TextSchema) => ({
  type: 'object' as const,
  properties: { [name]: schema },
  required: [name],
})

/** What the API page says of a body that `receiveTable` takes, with an example of its CSV. */
export const tableBody = (example: string) => ({
  content: {
    'text/csv': { schema: { ...textSchema, example } },
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': { schema: binary },
    'application/json': { schema: object('csv', { ...textSchema, example }) },
    'multipart/form-data': { schema: object('file', binary) },
  },
})
