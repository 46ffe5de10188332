/**
 * `bun scripts/dump-database.ts DATA_DIR > test/fixtures/databases/1.2.0.sql`: `fieldhouse.db` as SQL, made once per release
 * from a small installation. A test upgrades each of these to the newest schema.
 */
import { Database } from 'bun:sqlite'
import { databaseFile } from '../db/open.ts'
import { helpFirst, helpOf, misused } from './script-help.ts'

helpFirst(import.meta.path, { words: 1 })

const dataDir = process.argv[2]
if (!dataDir) {
  console.error(helpOf(import.meta.path))
  process.exit(misused)
}
const client = new Database(databaseFile(dataDir), { readonly: true })

type Value = string | number | null | Uint8Array
const rows = <Row>(sql: string) => client.query<Row, []>(sql).all()
const literal = (value: Value) =>
  value instanceof Uint8Array
    ? `x'${value.toHex()}'`
    : typeof value === 'string'
      ? `'${value.replaceAll("'", "''")}'`
      : String(value)

const tables = rows<{ name: string; type: string }>(
  `select name, type from pragma_table_list where schema = 'main' and name not like 'sqlite_%' and type <> 'view' order by name`,
)
const shadowTables = new Set(tables.filter(({ type }) => type === 'shadow').map(({ name }) => name)) // FTS5 makes its own
const objects = rows<{ type: string; name: string; sql: string }>(
  `select type, name, sql from sqlite_schema where sql is not null and name not like 'sqlite_%' order by name`,
).filter(({ name }) => !shadowTables.has(name))
const create = (type: string) => objects.filter(object => object.type === type).map(({ sql }) => `${sql};`)
const inserts = tables
  .filter(({ type }) => type === 'table')
  .flatMap(({ name }) =>
    client
      .query(`select * from "${name}"`)
      .values()
      .map(values => `insert into "${name}" values (${(values as Value[]).map(literal).join(', ')});`),
  )
// The index stores no text, so it is filled from the names, as its triggers do.
const searchIndex = `insert into search_index (rowid, name) select 4 * id, name from leagues
  union all select 4 * id + 1, username from users where deleted_at is null
  union all select 4 * id + 2, symbol from quotes;`
const version = rows<{ user_version: number }>('pragma user_version')[0]?.user_version

// Triggers come last, so that they do not fire on these rows.
const statements = [
  ...create('table'),
  ...create('index'),
  ...inserts,
  searchIndex,
  ...create('view'),
  ...create('trigger'),
]
console.log(`${statements.join('\n')}\npragma user_version = ${version};`)
