/** Detects the format and encoding of a file from its content. Its name is not trusted, but refused if it contradicts the content. */
import { isUtf8 } from 'node:buffer'
import { type Encoding, sequenceLength } from './encoding.ts'
import { refuseSheet } from './refusal.ts'

/** Enough of a file's start to tell what it is. */
export const HEAD_BYTES = 256 << 10

const otherTypes: [name: string, ...first: number[]][] = [
  ['a PDF document', 0x25, 0x50, 0x44, 0x46],
  ['a PNG image', 0x89, 0x50, 0x4e, 0x47],
  ['a JPEG image', 0xff, 0xd8, 0xff],
  ['a GIF image', 0x47, 0x49, 0x46, 0x38],
  ['a gzip archive; unpack it first', 0x1f, 0x8b],
  ['a zstd archive; unpack it first', 0x28, 0xb5, 0x2f, 0xfd],
  ['an xz archive; unpack it first', 0xfd, 0x37, 0x7a, 0x58, 0x5a],
  ['a 7z archive; unpack it first', 0x37, 0x7a, 0xbc, 0xaf],
  ['a RAR archive; unpack it first', 0x52, 0x61, 0x72, 0x21],
  ['an SQLite database', 0x53, 0x51, 0x4c, 0x69, 0x74, 0x65, 0x20, 0x66],
  ['a program', 0x7f, 0x45, 0x4c, 0x46],
  ['a program', 0x4d, 0x5a, 0x90, 0x00],
]

const startsWith = (head: Uint8Array, bytes: number[]) => bytes.every((byte, i) => head[i] === byte)

export const isZip = (head: Uint8Array): boolean =>
  head[0] === 0x50 && head[1] === 0x4b && head[2]! < 9 && head[2]! + 1 === head[3]

/** `zip` or `text`, from the first bytes; refuses what is neither and a file name that says otherwise. */
export function fileKindOf(head: Uint8Array, filename = ''): 'zip' | 'text' {
  if (head.length === 0) refuseSheet('empty', 'The file is empty')
  const extension = /\.([a-z0-9]+)$/i.exec(filename)?.[1]?.toLowerCase() ?? ''
  if (isZip(head)) {
    if (['csv', 'tsv', 'txt'].includes(extension))
      refuseSheet(
        'lying_extension',
        `${filename} is a zip or Excel file; give it the extension .xlsx if it is a workbook`,
      )
    return 'zip'
  }
  if (startsWith(head, [0xd0, 0xcf, 0x11, 0xe0]))
    refuseSheet('encrypted', 'An old .xls file or a workbook with a password; save it as .xlsx without one')
  const other = otherTypes.find(([, ...first]) => startsWith(head, first))
  if (other) refuseSheet('wrong_type', `Expected CSV, TSV or XLSX, but this is ${other[0]}`)
  const encoding = encodingOf(head).encoding
  if (isBinary(head, encoding)) refuseSheet('wrong_type', 'Expected CSV, TSV or XLSX, but this is binary data')
  const text = new TextDecoder(encoding).decode(head).trimStart().slice(0, 512)
  if (/^(<(!doctype|!--|html|head|meta|style|body|div|table|\?xml|svg)|mime-version:)/i.test(text))
    refuseSheet(
      'wrong_type',
      'Expected CSV, TSV or XLSX, but this is HTML or XML; open it in a spreadsheet and save it as .xlsx or .csv',
    )
  if (/^(\{\s*["}]|\[\s*[{["\]])/.test(text))
    refuseSheet('wrong_type', 'Expected CSV, TSV or XLSX, but this is JSON; save it as .csv')
  if (text === '') refuseSheet('empty', 'The file holds nothing but white space')
  if (['xlsx', 'xlsm', 'xls'].includes(extension))
    refuseSheet('lying_extension', `${filename} holds plain text, no workbook; give it the extension .csv or .tsv`)
  return 'text'
}

/** The encoding and how many bytes its byte order mark takes. */
export function encodingOf(head: Uint8Array): { encoding: Encoding; bomBytes: number } {
  if (startsWith(head, [0xef, 0xbb, 0xbf])) return { encoding: 'utf-8', bomBytes: 3 }
  if (startsWith(head, [0xff, 0xfe])) return { encoding: 'utf-16le', bomBytes: 2 }
  if (startsWith(head, [0xfe, 0xff])) return { encoding: 'utf-16be', bomBytes: 2 }
  // Without a mark, separators and digits give UTF-16 away: every other byte of them is zero.
  const zeros = [0, 0]
  const length = Math.min(head.length, 4096)
  for (let i = 0; i < length; i++) if (head[i] === 0) zeros[i & 1]!++
  if (zeros[1]! > length / 5 && zeros[0]! * 10 < zeros[1]!) return { encoding: 'utf-16le', bomBytes: 0 }
  if (zeros[0]! > length / 5 && zeros[1]! * 10 < zeros[0]!) return { encoding: 'utf-16be', bomBytes: 0 }
  if (isUtf8(head)) return { encoding: 'utf-8', bomBytes: 0 }
  let valid = 0
  let invalid = 0
  for (let i = 0; i < head.length - 3; ) {
    const width = sequenceLength(head, i, head.length)
    if (width > 1) valid++
    if (width === 0) invalid++
    i += width || 1
  }
  return { encoding: invalid > valid ? 'windows-1252' : 'utf-8', bomBytes: 0 }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controls = /[\x00-\x08\x0b\x0e-\x1f]/g

/** Whether there are control characters that no text holds; a few are tolerated. */
function isBinary(head: Uint8Array, encoding: Encoding): boolean {
  if (encoding.startsWith('utf-16')) return false
  const control = Buffer.from(head).toString('latin1').match(controls)?.length ?? 0
  return control > 0 && (head.includes(0) || control > head.length / 500)
}
