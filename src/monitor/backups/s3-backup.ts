/**
 * Backups in an S3-compatible store. Files are cut into pieces named by their SHA-256, so that only new pieces
 * are sent: the changed pages of a database, and new uploads. A backup is its manifest, written last.
 *
 *   backups/2026-11-28T20-20-00.000Z.json    which files it holds, and the pieces of each
 *   pieces/3f/3f9a…                          1 MiB of a file, compressed with zstd
 */
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Value } from '@sinclair/typebox/value'
import type { S3Client } from 'bun'
import { errorCodeOf } from '../../../db/open-errors.ts'
import { messageOf } from '../../errors.ts'
import { day, hour, iso } from '../../platform/clock.ts'
import { withTimeout } from '../../platform/process/with-timeout.ts'
import { copyDatabases, type ReportProgress, uploadedFiles } from './backup.ts'
import {
  backupName,
  backupsFolder,
  type Manifest,
  manifestSchema,
  namePattern,
  timeOfBackup,
} from './stored-backups.ts'

type S3Settings = {
  backupS3Url?: string | undefined
  backupS3AccessKey?: string | undefined
  backupS3SecretKey?: string | undefined
  backupS3Region: string
}

const pieceBytes = 2 ** 20
const parallelPieces = 4
const timeoutMs = 60_000 // for one piece
const maxTries = 3

type File = Manifest['files'][number]
type Pieces = Set<string>

/** Where backups go, without secrets. */
export const s3Place = ({ backupS3Url }: S3Settings): string | undefined =>
  backupS3Url && new URL(backupS3Url).host + new URL(backupS3Url).pathname

type S3Store = ReturnType<typeof openS3Store>

/** `https://host/bucket/folder`: buckets are part of the path, as every store understands it. */
export function openS3Store(settings: S3Settings) {
  const { origin, host, pathname } = new URL(settings.backupS3Url ?? '')
  const [bucket = '', ...folders] = pathname.split('/').filter(Boolean)
  const prefix = folders.map(folder => `${folder}/`).join('')
  const client: S3Client = new Bun.S3Client({
    endpoint: origin,
    bucket,
    region: settings.backupS3Region,
    accessKeyId: settings.backupS3AccessKey ?? '',
    secretAccessKey: settings.backupS3SecretKey ?? '',
  })

  /** Retried, as a distant store sometimes does not answer; errors name the store. */
  async function ask<T>(what: string, work: () => Promise<T>): Promise<T> {
    for (let failed = 1; ; failed++) {
      try {
        return await withTimeout(work(), timeoutMs)
      } catch (error) {
        if (errorCodeOf(error) === 'NoSuchKey' || failed >= maxTries) throw new S3Failure(host, what, error)
        await Bun.sleep(500 * failed)
      }
    }
  }

  return {
    read: (key: string) => ask(`read ${key}`, () => client.file(prefix + key).bytes()),
    write: (key: string, content: Uint8Array | string) =>
      ask(`write ${key}`, () => client.write(prefix + key, content)),
    remove: (key: string) => ask(`delete ${key}`, () => client.delete(prefix + key)),
    /** All keys below a folder, in order, with the time each was written. */
    async list(folder: string): Promise<{ key: string; at: number }[]> {
      const found: { key: string; at: number }[] = []
      for (let startAfter: string | undefined; ; ) {
        const listOptions = { prefix: prefix + folder, ...(startAfter && { startAfter }) }
        const { contents = [], isTruncated } = await ask(`list ${folder}`, () => client.list(listOptions))
        for (const { key, lastModified } of contents)
          found.push({ key: key.slice(prefix.length), at: Date.parse(String(lastModified)) })
        startAfter = contents.at(-1)?.key
        if (!isTruncated || !startAfter) return found
      }
    },
  }
}

class S3Failure extends Error {
  override readonly name = 'S3Failure'
  constructor(host: string, what: string, cause: unknown) {
    super(`The S3 store ${host} did not ${what}: ${errorCodeOf(cause) ?? messageOf(cause)}`, { cause })
  }
}

const manifestKey = (name: string) => `backups/${name}.json`
const pieceKey = (sha256: string) => `pieces/${sha256.slice(0, 2)}/${sha256}`
const sha256Of = (bytes: Uint8Array) => new Bun.CryptoHasher('sha256').update(bytes).digest('hex')

/** The names of the backups in the store, newest first. Those made while our clock was ahead of the store's count as the oldest. */
async function s3BackupNames(store: S3Store): Promise<string[]> {
  const listed = await store.list('backups/')
  return listed
    .map(({ key, at }) => ({ name: key.slice('backups/'.length, -'.json'.length), at }))
    .filter(({ name }) => namePattern.test(name))
    .map(({ name, at }) => ({ name, isAhead: timeOfBackup(name) > at + hour }))
    .sort((a, b) => Number(a.isAhead) - Number(b.isAhead) || (a.name < b.name ? 1 : -1))
    .map(({ name }) => name)
}

/** Undefined if it is damaged. */
async function readableManifest(store: S3Store, name: string): Promise<Manifest | undefined> {
  const text = new TextDecoder().decode(await store.read(manifestKey(name)))
  try {
    const manifest: unknown = JSON.parse(text)
    return Value.Check(manifestSchema, manifest) ? manifest : undefined
  } catch {
    return undefined
  }
}

async function readManifest(store: S3Store, name: string): Promise<Manifest> {
  const manifest = await readableManifest(store, name)
  if (!manifest) throw new Error(`The manifest of backup ${name} is damaged`)
  return manifest
}

type SendOptions = {
  dataDir: string
  version: string
  at: number
  /** Of backups older than a day, one per day is kept, for so many days. */
  keepDays: number
  signal: AbortSignal
  report: ReportProgress
}

/** Call it under the lock `backup`, in a thread that nobody waits for. */
export async function sendBackup(store: S3Store, { dataDir, version, at, keepDays, signal, report }: SendOptions) {
  report(0, 'asking the store') // which may not answer for minutes
  const names = await s3BackupNames(store)
  const before = names[0] === undefined ? undefined : await readableManifest(store, names[0])
  // Once a day the whole store is checked: missing pieces are sent again, and pieces that no backup needs are removed.
  const checksStore = !before || before.made_at.slice(0, 10) !== iso(at).slice(0, 10)
  const listed = checksStore ? await store.list('pieces/') : undefined
  const stored = listed?.map(({ key }) => key.slice(-64)) ?? before?.files.flatMap(piecesOf)
  const sender = openSender(store, new Set(stored), signal)
  const lastSent = new Map(before?.files.map(file => [file.path, file]))

  const copies = join(backupsFolder(dataDir), '.sending')
  rmSync(copies, { recursive: true, force: true })
  mkdirSync(copies, { recursive: true, mode: 0o700 })
  try {
    const { schema, paths } = copyDatabases(dataDir, copies, report)
    const files: File[] = []
    for (const path of paths) files.push(await sender.sendFile(copies, path))
    const uploaded = uploadedFiles(dataDir)
    for (const [i, path] of uploaded.entries()) {
      report(50 + (45 * i) / uploaded.length, 'uploaded files')
      const known = lastSent.get(path)
      const file = known && sender.isUnchanged(dataDir, known) ? known : await sender.sendFileIfThere(dataDir, path)
      if (file) files.push(file)
    }
    const name = backupName(at)
    const manifest: Manifest = { format: 1, fieldhouse: version, schema, made_at: iso(at), files }
    await store.write(manifestKey(name), JSON.stringify(manifest))
    const { deleted, not_deleted } = await prune(store, [name, ...names], listed, at, keepDays)
    const result = { name, files: files.length, deleted, not_deleted }
    return { ...result, pieces_sent: sender.sent.pieces, bytes_sent: sender.sent.bytes }
  } finally {
    rmSync(copies, { recursive: true, force: true })
  }
}

/** Sends files piece by piece, except the pieces that are `stored` already. */
function openSender(store: S3Store, stored: Pieces, signal: AbortSignal) {
  const sent = { pieces: 0, bytes: 0 }

  async function sendPiece(bytes: Uint8Array): Promise<string> {
    const sha256 = sha256Of(bytes)
    if (stored.has(sha256)) return sha256
    const packed = Bun.zstdCompressSync(bytes, { level: 3 })
    await store.write(pieceKey(sha256), packed)
    stored.add(sha256)
    sent.pieces++
    sent.bytes += packed.length
    return sha256
  }

  async function sendFile(folder: string, path: string): Promise<File> {
    const { size } = statSync(join(folder, path)) // throws for a file that is gone; `Bun.file` calls it empty
    const source = Bun.file(join(folder, path))
    const hash = new Bun.CryptoHasher('sha256')
    const pieces: string[] = []
    for (let start = 0; start < size; start += pieceBytes * parallelPieces) {
      signal.throwIfAborted()
      const bytes = await source.slice(start, start + pieceBytes * parallelPieces).bytes()
      hash.update(bytes)
      const slices = Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, i) =>
        bytes.subarray(i * pieceBytes, (i + 1) * pieceBytes),
      )
      pieces.push(...(await Promise.all(slices.map(sendPiece))))
    }
    return { path, bytes: size, sha256: hash.digest('hex'), pieces }
  }

  return {
    sent,
    sendFile,
    /** Undefined if the file was deleted in the meantime. */
    sendFileIfThere: (folder: string, path: string) => sendFile(folder, path).catch(ignoreMissing),
    /** An uploaded file never changes: one that was sent is not even read again. */
    isUnchanged(folder: string, file: File): boolean {
      const { size } = statSync(join(folder, file.path), { throwIfNoEntry: false }) ?? {}
      return file.bytes === size && piecesOf(file).every(piece => stored.has(piece))
    },
  }
}

type StoredPiece = { key: string; at: number }

/**
 * Removes old backups; with `listed`, also the pieces that none needs. `names`: newest first. A store where nothing may be deleted does
 * not fail the backup: `not_deleted` says why.
 */
async function prune(
  store: S3Store,
  names: string[],
  listed: StoredPiece[] | undefined,
  at: number,
  keepDays: number,
): Promise<{ deleted: number; not_deleted: string[] }> {
  const keep = namesToKeep(names, at, keepDays)
  let deleted = 0
  try {
    for (const name of names.filter(name => !keep.has(name))) {
      await store.remove(manifestKey(name))
      deleted++
    }
    if (listed) await removeUnusedPieces(store, listed, [...keep], at)
    return { deleted, not_deleted: [] }
  } catch (error) {
    return { deleted, not_deleted: [messageOf(error)] }
  }
}

/** New pieces stay: they may belong to a backup that was interrupted and will be made again soon. */
async function removeUnusedPieces(store: S3Store, pieces: StoredPiece[], names: string[], at: number): Promise<void> {
  const used: Pieces = new Set()
  for (const name of names)
    for (const piece of (await readManifest(store, name)).files.flatMap(piecesOf)) used.add(piece)
  for (const { key, at: writtenAt } of pieces)
    if (!used.has(key.slice(-64)) && writtenAt < at - day) await store.remove(key)
}

const piecesOf = ({ pieces = [] }: File): string[] => pieces
const ignoreMissing = (error: unknown) => {
  if (errorCodeOf(error) !== 'ENOENT') throw error
  return undefined // deleted in the meantime
}

/** The newest, all of the last day, and the last of each day for so many days. `names`: newest first. */
export function namesToKeep(names: readonly string[], at: number, keepDays: number): Set<string> {
  const oldest = backupName(at - keepDays * day)
  const yesterday = backupName(at - day)
  const keep = new Set<string>()
  const days = new Set<string>()
  for (const name of names) {
    const isLastOfDay = !days.has(name.slice(0, 10))
    days.add(name.slice(0, 10))
    if (keep.size === 0 || name > yesterday || (isLastOfDay && name > oldest)) keep.add(name)
  }
  return keep
}

/** Restores all files of a backup into a folder, checking each piece; the manifest's schema refuses paths out of it. `name`: the newest by default. */
export async function fetchBackup(store: S3Store, folder: string, name?: string): Promise<string[]> {
  const names = await s3BackupNames(store)
  const chosen = name ?? names[0]
  if (!chosen || !names.includes(chosen))
    throw new Error(
      chosen ? `The store has no backup ${chosen}. It has: ${names.join(', ')}` : 'The store has no backup',
    )
  const manifest = await readManifest(store, chosen)
  for (const { path, pieces = [] } of manifest.files) {
    const target = join(folder, path)
    mkdirSync(dirname(target), { recursive: true })
    await Bun.write(target, '')
    for (let start = 0; start < pieces.length; start += parallelPieces) {
      const fetched = await Promise.all(
        pieces.slice(start, start + parallelPieces).map(piece => fetchPiece(store, piece)),
      )
      for (const bytes of fetched) await appendFile(target, bytes)
    }
  }
  await Bun.write(join(folder, 'manifest.json'), JSON.stringify(manifest))
  return ['manifest.json', ...manifest.files.map(({ path }) => path)]
}

async function fetchPiece(store: S3Store, sha256: string): Promise<Uint8Array> {
  const bytes = Bun.zstdDecompressSync(await store.read(pieceKey(sha256)))
  if (sha256Of(bytes) !== sha256) throw new Error(`The piece ${sha256} of this backup is damaged`)
  return bytes
}
