/** From a value to bytes on the wire: ETag and 304, compression, and cached pages compressed once. */
import { promisify } from 'node:util'
import { gzip as gzipInThread } from 'node:zlib'
import type { CacheResult, CacheState } from '../cache/cache.ts'
import type { StoredAnswer } from '../cache/cache-store.ts'

const worthCompressing = 1_024 // bytes

type ContentEncoding = 'zstd' | 'gzip' | undefined
/** Blobs, because responses share them, while each would copy an array (1.6 µs for a board page of 9 kB). */
type Forms = { plain: Blob; zstd?: Blob; gzip?: Blob; bytes(): Bytes }
type Bytes = Uint8Array<ArrayBuffer>

/** The bytes of stored answers: encoded at the first answer, compressed at the first that asks for it. */
const forms = new WeakMap<StoredAnswer, Forms>()
const encoder = new TextEncoder()

const accepted = (header: string | null): ContentEncoding =>
  !header ? undefined : offers(header, 'zstd') ? 'zstd' : offers(header, 'gzip') ? 'gzip' : undefined
const offers = (header: string, coding: string) => {
  const at = header.indexOf(coding)
  return at >= 0 && !/^\s*;\s*q=0(\.0*)?\s*(,|$)/.test(header.slice(at + coding.length))
}

const zstd = { level: 3 } as const
const gzip = { level: 5 } as const
const compress = (bytes: Bytes, encoding: 'zstd' | 'gzip') =>
  encoding === 'zstd' ? new Uint8Array(Bun.zstdCompressSync(bytes, zstd)) : Bun.gzipSync(bytes, gzip)

/** In a thread of Bun's: a megabyte takes some 5 ms. */
const longAnswer = 128 * 1024 // bytes
const gzipAside = promisify(gzipInThread)
const compressAside = async (bytes: Bytes, encoding: 'zstd' | 'gzip') =>
  new Uint8Array(await (encoding === 'zstd' ? Bun.zstdCompress(bytes, zstd) : gzipAside(bytes, gzip)))

function formsOf(stored: StoredAnswer, text = stored.json): Forms {
  const known = forms.get(stored)
  if (known) return known
  const newForms = { plain: new Blob([text]), bytes: () => encoder.encode(text) }
  forms.set(stored, newForms)
  return newForms
}

function formFor(request: Request, forms: Forms): { body: Blob; encoding: ContentEncoding } {
  const encoding = accepted(request.headers.get('accept-encoding'))
  if (!encoding || forms.plain.size < worthCompressing) return { body: forms.plain, encoding: undefined }
  return { body: (forms[encoding] ??= new Blob([compress(forms.bytes(), encoding)])), encoding }
}

/** The body this request is answered with, compressed as it accepts. */
export const wireFormOf = (request: Request, stored: StoredAnswer) => formFor(request, formsOf(stored)).body

/** Bun leaves out the origin where the Host header cannot be one. */
export const pathOf = (url: string) => {
  const start = url.startsWith('/') ? 0 : url.indexOf('/', 8)
  const end = url.indexOf('?', start)
  return start < 0 ? '/' : url.slice(start, end < 0 ? undefined : end)
}

/** Which responses came out of the cache: the fast path learns from them. */
const cacheResults = new WeakMap<Response, CacheResult<unknown>>()
export const cacheResultOf = (response: Response) => cacheResults.get(response)

/** Weak, because every encoding of the answer shares it. */
const etagOf = (key: string) => `W/"${Bun.hash(key).toString(36)}"`

/** Compared weakly, because a proxy between may have made the tag weak. */
const withoutWeakMark = (tag: string) => tag.trim().replace(/^W\//, '')
export const matchesEtag = (request: Request, etag: string) => {
  const known = request.headers.get('if-none-match')
  return (
    known !== null && (known === '*' || known.split(',').some(tag => withoutWeakMark(tag) === withoutWeakMark(etag)))
  )
}

/**
 * All strangers get the same answer: a cache in front may keep it for a second, and serve it for one more while it asks
 * again, so nobody sees anything older than two seconds. For signed-in readers the HTTP server changes it to `private`.
 */
const publicForASecond = 'public, max-age=0, s-maxage=1, stale-while-revalidate=1'

/** `text`: what is sent instead of the value's JSON; the same value must always have the same text. */
type CachedPage = { contentType?: string; etag?: boolean; text?: string }

/** A cached answer as a response. With `etag`, its tag is made of stamp and canonical query: unchanged data, unchanged tag. */
export function cachedResponse<T>(
  request: Request,
  result: CacheResult<T>,
  { contentType = 'application/json', etag = true, text }: CachedPage = {},
): Response {
  const { stored, state } = result
  const headers: Record<string, string> = { 'x-cache': state satisfies CacheState, vary: 'accept-encoding' }
  if (etag) {
    const tag = etagOf(result.tag)
    headers.etag = tag
    headers['cache-control'] = publicForASecond
    if (matchesEtag(request, tag)) return fromCache(result, new Response(null, { status: 304, headers }))
  }
  const { body, encoding } = formFor(request, formsOf(stored, text))
  if (encoding) headers['content-encoding'] = encoding
  headers['content-type'] = contentType
  return fromCache(result, new Response(body, { headers }))
}

function fromCache(result: CacheResult<unknown>, response: Response) {
  cacheResults.set(response, result)
  return response
}

/** A file of ours that does not change while the process runs: compressed once for each encoding that is asked for. */
export type FixedFile = { readonly type: string; readonly etag: string; readonly forms: Forms }
export const fixedFile = (bytes: Bytes, type: string): FixedFile => ({
  type,
  etag: `W/"${Bun.hash(bytes).toString(36)}"`,
  forms: { plain: new Blob([bytes]), bytes: () => bytes },
})

/** With `isForever` the address names this version of the content, so the answer never changes. */
export function fixedResponse(
  request: Request,
  { type, etag, forms }: FixedFile,
  { isForever = false } = {},
): Response {
  const headers: Record<string, string> = {
    etag,
    vary: 'accept-encoding',
    'cache-control': isForever ? 'public, max-age=31536000, immutable' : 'no-cache',
  }
  if (matchesEtag(request, etag)) return new Response(null, { status: 304, headers })
  const { body, encoding } = formFor(request, forms)
  if (encoding) headers['content-encoding'] = encoding
  return new Response(body, { headers: { ...headers, 'content-type': type } })
}

/** Compresses an answer made for this request alone, where it is text and long enough to be worth it. */
export async function compressed(request: Request, response: Response): Promise<Response> {
  const { headers } = response
  const type = headers.get('content-type') ?? ''
  if (
    cacheResults.has(response) ||
    headers.has('content-encoding') ||
    !response.body ||
    !/json|text\/(html|plain|css|csv)|javascript|svg/.test(type)
  )
    return response
  const encoding = accepted(request.headers.get('accept-encoding'))
  if (!encoding) return response
  const known = headers.get('content-length')
  if (known && Number(known) < worthCompressing) return response
  if (headers.get('content-disposition')) return response // downloads stream
  const bytes = new Uint8Array(await response.arrayBuffer())
  headers.append('vary', 'accept-encoding')
  if (bytes.length < worthCompressing) return new Response(bytes, response)
  headers.set('content-encoding', encoding)
  headers.delete('content-length')
  const compressing = bytes.length < longAnswer ? compress(bytes, encoding) : compressAside(bytes, encoding)
  return new Response(await compressing, response)
}

/** Sends the browser on to another page. */
export const seeOther = (location: string) => new Response(null, { status: 303, headers: { location } })
