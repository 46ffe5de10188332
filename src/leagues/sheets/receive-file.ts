/** Receives one file of a multipart body, straight to disk: hashed on the way, with constant memory. */

import { once } from 'node:events'
import { mkdirSync, renameSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import Busboy from '@fastify/busboy'
import { syncFolder } from '../../../db/sync.ts'
import type { App } from '../../context.ts'
import { Refusal, refuse } from '../../errors.ts'
import { freePiece } from '../../platform/free-piece.ts'
import { parseForm } from '../../platform/http/multipart-form.ts'
import { letRequestsIn } from '../../platform/process/let-requests-in.ts'
import { throwWhenAwaited } from '../../platform/process/with-timeout.ts'
import { SheetRefusal } from '../../platform/spreadsheets/refusal.ts'
import { fileKindOf, HEAD_BYTES } from '../../platform/spreadsheets/sniff.ts'
import { truncate } from '../../platform/truncate.ts'
import { type ArrivingSheet, arrivingSheet } from './arriving-sheet.ts'
import { type WrittenFile, writeTempFile } from './temp-file.ts'

export type ReceivedFile = {
  /** Its name under `DATA_DIR/uploads`. */
  file: string
  filename: string
  bytes: number
  sha256: string
  /** The other parts of the form. */
  fields: Record<string, string>
  /** Resolves once the file would survive a power cut: only then may its upload be confirmed. */
  synced: Promise<unknown>
  /** Set for a large file that is read while it arrives. */
  arriving?: ArrivingSheet
}

export const uploadsFolder = (dataDir: string) => join(dataDir, 'uploads')
export const uploadPath = (dataDir: string, file: string) => join(uploadsFolder(dataDir), file)

/** Names begin with the id of the process that receives the file, so that leftovers of a killed process can be recognised. */
export const newFileName = (processId: string) => `${processId}.${Bun.randomUUIDv7()}`
export const receiverOf = (file: string): string | undefined => /^([\da-f-]{36})\.[\da-f-]{36}/.exec(file)?.[1]

type ReceiveOptions = {
  /** If false, the file need not survive a power cut. */
  isKept?: boolean
  /** A large file is parsed while it arrives, so that its import need not parse it. */
  readsAhead?: boolean
}

/** If anything goes wrong on the way, no file is left. */
export async function receiveFile(
  request: Request,
  app: Pick<App, 'config' | 'processId' | 'sheets'>,
  { isKept = true, readsAhead = false }: ReceiveOptions = {},
): Promise<ReceivedFile> {
  const { config, processId, sheets } = app
  const type = request.headers.get('content-type') ?? ''
  if (!/^multipart\/form-data\s*;.*boundary=/i.test(type))
    refuse('unsupported', 'Send the file as multipart/form-data, in a part named file')
  sheets.thread.start() // which takes about as long as the rest of this
  if (!request.body) refuse('invalid', 'The body is empty', { errors: [{ path: 'file', message: 'Choose a file.' }] })
  const maxBytes = config.maxUploadMb * 1024 * 1024
  const length = contentLength(request)
  if (length < Infinity && length > maxBytes + maxBesidesFile) throw tooLarge(maxBytes)
  const folder = uploadsFolder(config.dataDir)
  mkdirSync(folder, { recursive: true })
  const file = newFileName(processId)
  const path = join(folder, file)
  const arriving =
    readsAhead && length > maxBufferedBytes && length < Infinity
      ? arrivingSheet(sheets.thread, file, length)
      : undefined
  try {
    const { head, written, ...rest } = await readForm(request, type, { path: `${path}.part`, maxBytes, arriving })
    try {
      checkBeginning(head, rest.filename)
      renameSync(`${path}.part`, path) // backups leave out what is still arriving
    } catch (error) {
      await written.close()
      throw error
    }
    arriving?.arrived(path)
    const synced = throwWhenAwaited(isKept ? syncInFolder(written, folder) : written.close())
    if (length > maxBufferedBytes) await letRequestsIn() // between the last bytes and the transaction that takes the upload
    return { file, arriving, synced, ...rest }
  } catch (error) {
    arriving?.cancel()
    await Promise.all([rm(`${path}.part`, { force: true }), rm(path, { force: true })])
    throw error
  }
}

/** Deletes a received file that is not needed after all. */
export function removeReceived(dataDir: string, { file, arriving }: Pick<ReceivedFile, 'file' | 'arriving'>) {
  arriving?.cancel()
  return rm(uploadPath(dataDir, file), { force: true })
}

type ReadForm = Omit<ReceivedFile, 'file' | 'arriving' | 'synced'> & { head: Uint8Array; written: WrittenFile }
type ReadTarget = { path: string; maxBytes: number; arriving?: ArrivingSheet }

const cutOff = () => new Refusal('bad_request', 'The upload was cut off before its end')
const tooLarge = (maxBytes: number) =>
  new Refusal('too_large', `The file is larger than ${Math.round(maxBytes / 1024 / 1024)} MB (MAX_UPLOAD_MB)`)
const maxBesidesFile = 2 << 20 // bytes of the other parts of a form, and between them
/**
 * Smaller bodies are received in one piece, which costs less than a stream, and read by their import: to read them during the syncs
 * and the transaction that their answer waits for would delay it by as much as it brings the board forward.
 */
const maxBufferedBytes = 2 << 20
const turnBytes = 256 << 10 // that a stream reads before other requests get their turn: half a millisecond

const contentLength = ({ headers }: Request) => Number(headers.get('content-length') ?? Number.POSITIVE_INFINITY)

async function readForm(request: Request, type: string, target: ReadTarget): Promise<ReadForm> {
  if (contentLength(request) > maxBufferedBytes && request.body) return readStream(request.body, type, target)
  const body = await request.bytes().catch(() => {
    throw cutOff()
  })
  return (await readBuffered(body, type, target)) ?? readStream([body], type, target)
}

/**
 * A body may arrive faster than it is read: without a pause no other request would be answered until its end. Memory of chunks is
 * freed once as many bytes of the file are written: left to the garbage collector, it would be some fifty megabytes.
 */
async function* inTurns(body: Body, maxBytes: number, writtenBytes: () => number) {
  const read: { chunk: Uint8Array; end: number }[] = []
  let end = 0
  await letRequestsIn() // the turn in which the request came is long: Bun takes up to two megabytes in it
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; at += turnBytes) {
      yield chunk.subarray(at, at + turnBytes)
      await setImmediate()
    }
    end += chunk.length
    if (end > maxBytes + maxBesidesFile) throw tooLarge(maxBytes)
    read.push({ chunk, end })
    while (read[0] && read[0].end <= writtenBytes()) freePiece(read.shift()!.chunk)
  }
}

/** Reads a usual form at a twentieth of what the stream costs. Undefined for another: the stream then reads it, or says what is wrong. */
async function readBuffered(
  body: Uint8Array,
  type: string,
  { path, maxBytes }: ReadTarget,
): Promise<ReadForm | undefined> {
  const parts = parseForm(body, type)
  const files = parts?.filter(({ filename }) => filename !== undefined)
  const [sheet] = files ?? []
  if (!parts || files?.length !== 1 || sheet?.name !== 'file' || !sheet.filename) return undefined
  const { bytes, filename } = sheet
  const others = parts.filter(part => part !== sheet)
  const isLarge = bytes.length > maxBytes || others.some(({ bytes }) => bytes.length > formLimits.fieldSize)
  if (isLarge || others.length > formLimits.fields) return undefined
  const hash = new Bun.CryptoHasher('sha256')
  function* hashedMeanwhile() {
    yield bytes
    hash.update(bytes) // while another thread writes them, if they are many
  }
  const written = await writeTempFile(hashedMeanwhile(), path)
  return {
    filename: cleanName(filename),
    bytes: bytes.length,
    sha256: hash.digest('hex'),
    fields: Object.fromEntries(others.map(({ name, bytes }) => [name, bytes.toString()])),
    head: bytes.subarray(0, HEAD_BYTES),
    written,
  }
}

type Body = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

async function readStream(body: Body, type: string, { path, maxBytes, arriving }: ReadTarget): Promise<ReadForm> {
  const fields: Record<string, string> = {}
  const hash = new Bun.CryptoHasher('sha256')
  const head: Uint8Array[] = []
  let filename: string | undefined
  let bytes = 0
  let writtenBytes = 0
  let sheet: Readable | undefined
  let writing: Promise<WrittenFile> | undefined

  const form = multipartParser(type, maxBytes)
  // For a body that ends inside a part, both the form and its file emit the error, twice, whether or not anybody listens.
  const ignore = () => {}
  form.on('error', ignore)
  const refuseForm = (message: string) => () =>
    void form.destroy(new Refusal('invalid', message, { errors: [{ path: 'file', message }] }))
  form.on('filesLimit', refuseForm('Send one file, in a part named file: this form has several.'))
  form.on('fieldsLimit', refuseForm(`Besides the file a form may have ${formLimits.fields} parts: this one has more.`))
  form.on('field', (name: string, value: string) => {
    fields[name] = value
  })
  form.on('file', (name: string, stream: Readable & { truncated?: boolean }, given: string) => {
    stream.on('error', ignore)
    if (name !== 'file') return void stream.resume()
    sheet = stream
    filename = cleanName(given)
    const hashedChunks = async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        if (bytes < HEAD_BYTES) head.push(Buffer.from(chunk.subarray(0, HEAD_BYTES - bytes))) // a copy, as chunks are freed
        bytes += chunk.length
        hash.update(chunk)
        yield chunk
      }
      if (stream.truncated) throw tooLarge(maxBytes)
    }
    const hashed = hashedChunks(stream)
    writing = writeTempFile(arriving?.read(hashed, path) ?? hashed, path, written => {
      writtenBytes += written
    })
    writing.catch(error => form.destroy(error))
  })
  try {
    const chunks = inTurns(body, maxBytes, () => writtenBytes)
    // Where the form is over before its body, it finishes once and early, which the pipeline may miss.
    await Promise.race([pipeline(chunks, form), once(form, 'finish')])
    const written = await writing
    if (filename !== undefined && written !== undefined)
      return { filename, bytes, sha256: hash.digest('hex'), fields, head: Buffer.concat(head), written }
  } catch (error) {
    sheet?.destroy() // the form ends it only at the end of the part: the write would wait for more bytes
    await writing?.then(written => written.close()).catch(() => {})
    throw error instanceof Refusal || isDiskError(error) ? error : cutOff()
  }
  return refuse('invalid', 'There is no file', { errors: [{ path: 'file', message: 'Choose a file.' }] })
}

const formLimits = { files: 1, fields: 20, fieldSize: 65_536 }

function multipartParser(type: string, fileSize: number) {
  try {
    return new Busboy({
      headers: { 'content-type': type },
      limits: { ...formLimits, fileSize },
    })
  } catch {
    return refuse('bad_request', 'The boundary of the multipart/form-data is missing or too long')
  }
}

const isDiskError = (error: unknown) =>
  error instanceof Error && 'code' in error && /^E(NOSPC|DQUOT|IO|ROFS|MFILE)$/.test(String(error.code))

const maxNameLength = 200

/** Only the file name, without folders, control characters or direction marks. A long one keeps its extension. */
function cleanName(given: string): string {
  const name = given.replace(/^.*[/\\]/, '').replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, '')
  if (name.length <= maxNameLength) return name || 'upload'
  const extension = /\.\w{1,10}$/.exec(name)?.[0] ?? ''
  return truncate(name, maxNameLength - extension.length) + extension
}

/** Refuses at once what the first bytes show: an empty file, another type, a wrong extension. */
function checkBeginning(head: Uint8Array, filename: string) {
  try {
    fileKindOf(head, filename)
  } catch (error) {
    if (error instanceof SheetRefusal) refuseFile(error.message, error.code)
    throw error
  }
}

/** What is wrong with the file, beside its field of the form. */
export const refuseFile = (message: string, reason: unknown): never =>
  refuse('invalid', message, { errors: [{ path: 'file', message }], reason })

/** Syncs a new file and its name in the folder, together in one commit of the file system, and closes it. */
async function syncInFolder(file: WrittenFile, folder: string) {
  await Promise.all([file.syncAndClose(), syncFolder(folder)])
}
