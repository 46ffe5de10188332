/** A form that is in memory, as browsers and scripts write it: parsed without a copy, which takes a tenth of what `formData` takes. */

type FormPart = {
  name: string
  /** Of a part that is a file. */
  filename?: string
  bytes: Buffer
}

const formType = /^multipart\/form-data\s*;\s*boundary=("?)([\w'()+,./:-]{1,70})\1$/i
const disposition = /^content-disposition: form-data; name="([^"\\%]*)"(?:; filename="([^"\\%]*)")?$/i
const maxHeadBytes = 1000

/** Undefined for a form that is unusual or wrong. */
export function parseForm(body: Uint8Array, contentType: string): FormPart[] | undefined {
  const boundary = formType.exec(contentType)?.[2]
  if (!boundary) return undefined
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length)
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  const parts: FormPart[] = []
  let at = delimiter.length - 2 // the first one begins the body
  if (!bytes.subarray(0, at).equals(delimiter.subarray(2))) return undefined
  for (;;) {
    const rest = bytes.toString('latin1', at, at + 5)
    if (rest === '--\r\n' || rest === '--') return parts
    const headEnd = bytes.indexOf('\r\n\r\n', at)
    if (!rest.startsWith('\r\n') || headEnd < at || headEnd - at > maxHeadBytes) return undefined
    const start = headEnd + 4
    const end = bytes.indexOf(delimiter, start)
    const part = end >= 0 && partOf(bytes.toString('utf8', at + 2, headEnd), bytes.subarray(start, end))
    if (!part) return undefined
    parts.push(part)
    at = end + delimiter.length
  }
}

function partOf(head: string, bytes: Buffer): FormPart | undefined {
  const [first = '', ...others] = head.split('\r\n')
  const [, name, filename] = disposition.exec(first) ?? []
  const isUsual = others.every(line => /^content-type: /i.test(line))
  return name !== undefined && isUsual ? { name, filename, bytes } : undefined
}
