import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

/*
 * The SQLite library of the runtime: Bun's own, Node's own (22.13 and later), or better-sqlite3 where Node has none and
 * somebody has installed it. They are loaded when a file is opened, and by name at run time: no runtime has them all.
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

/** Opens a file, or makes it unless it must exist. The caller closes it. */
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
        for (const statement of prepared) statement.finalize() // or the file stays open
        db.close()
      },
    }
  }
}

function nodeSqlite(): Open | undefined {
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite') ?? {}
  if (!DatabaseSync) return undefined
  return (path, mustExist) => {
    // Unlike the others it has no option for files that must exist, but it understands SQLite's own.
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
  const Library: BetterSqlite3 = createRequire(import.meta.url)('better-sqlite3')
  return (path, fileMustExist) => new Library(path, { fileMustExist, timeout: 0 })
}
/** What is used of it; its types are a package of their own. */
type BetterSqlite3 = new (path: string, options: { fileMustExist: boolean; timeout: number }) => Database

/** Another connection holds the file. */
export function isFileBusy(error: unknown): boolean {
  if (!isSqliteError(error)) return false
  const busyCodes = [5, 15] // SQLITE_BUSY, SQLITE_PROTOCOL; the higher bits of a code say more
  return error.errcode ? busyCodes.includes(error.errcode & 0xff) : /^SQLITE_(BUSY|PROTOCOL)/.test(error.code)
}

/** A full disk, a damaged file, a file that somebody else holds: what SQLite itself refuses, on any driver. */
export const isSqliteError = (error: unknown): error is Error & { code: string; errcode?: number } =>
  error instanceof Error && 'code' in error && /SQLITE_/.test(String(error.code))
