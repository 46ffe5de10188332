import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

/*
 * The SQLite library of the runtime: Bun's, Node's (22.13 and later), or better-sqlite3 if it is installed on a Node without SQLite.
 * It is loaded by name when the first file is opened, because no runtime has all three.
 */

type Parameter = string | number | null

export interface Statement<Row> {
  get(...parameters: Parameter[]): Row | null | undefined
  all(...parameters: Parameter[]): Row[]
  run(...parameters: Parameter[]): { changes: number }
}

export interface Database {
  readonly inTransaction: boolean
  exec(sql: string): void
  prepare<Row>(sql: string): Statement<Row>
  close(): void
}

type Open = (path: string, mustExist: boolean) => Database

/** Opens a file, and creates it unless `mustExist`. The caller closes it. */
export function openSqliteFile(path: string, { mustExist = false } = {}): Database {
  open ??= 'Bun' in globalThis ? bunSqlite() : (nodeSqlite() ?? betterSqlite3())
  return open(path, mustExist)
}
let open: Open | undefined

function bunSqlite(): Open {
  const { Database } = process.getBuiltinModule('bun:sqlite') as typeof import('bun:sqlite')
  return (path, mustExist) => {
    const db = new Database(path, { readwrite: true, create: !mustExist })
    const prepared: { finalize(): void }[] = []
    return {
      get inTransaction() {
        return db.inTransaction
      },
      exec: sql => void db.run(sql),
      prepare<Row>(sql: string): Statement<Row> {
        const statement = db.prepare<Row, Parameter[]>(sql)
        prepared.push(statement)
        return statement
      },
      close() {
        for (const statement of prepared) statement.finalize() // otherwise the file stays open
        db.close()
      },
    }
  }
}

function nodeSqlite(): Open | undefined {
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite') ?? {}
  if (!DatabaseSync) return undefined
  return (path, mustExist) => {
    // It has no option for files that must exist, but accepts SQLite's URI parameter.
    const db = new DatabaseSync(mustExist ? `${pathToFileURL(path)}?mode=rw` : path)
    const prepare = <Row>(sql: string) => db.prepare(sql) as unknown as Statement<Row>
    return {
      get inTransaction() {
        return db.isTransaction
      },
      exec: sql => db.exec(sql),
      prepare,
      close: () => db.close(),
    }
  }
}

function betterSqlite3(): Open {
  let Library: BetterSqlite3
  try {
    Library = createRequire(import.meta.url)('better-sqlite3')
  } catch (cause) {
    const advice = 'use Node 22.13 or later, or install better-sqlite3'
    throw new Error(`bullmq-sqlite: Node ${process.versions.node} has no SQLite of its own: ${advice}`, { cause })
  }
  return (path, fileMustExist) => new Library(path, { fileMustExist, timeout: 0 })
}
/** The part that is used; its types are in a separate package. */
type BetterSqlite3 = new (path: string, options: { fileMustExist: boolean; timeout: number }) => Database

/** Another connection holds the file. */
export function isFileBusy(error: unknown): boolean {
  if (!isSqliteError(error)) return false
  const busyCodes = [5, 15] // SQLITE_BUSY, SQLITE_PROTOCOL; the higher bits hold the extended code
  return error.errcode ? busyCodes.includes(error.errcode & 0xff) : /^SQLITE_(BUSY|PROTOCOL)/.test(error.code)
}

/** An error of SQLite itself on any driver: a full disk, a damaged file, a locked file. */
export const isSqliteError = (error: unknown): error is Error & { code: string; errcode?: number } =>
  error instanceof Error && 'code' in error && /SQLITE_/.test(String(error.code))
