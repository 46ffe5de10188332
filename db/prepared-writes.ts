/**
 * Parts of statements that are prepared once and given their values by name. Also whole inserts and updates whose set of columns
 * varies from call to call, prepared once for each set: drizzle takes up to a millisecond to build and prepare one, as long as
 * running it fifty times.
 */
import { and, eq, getTableColumns, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Db } from './open.ts'
import { oncePerDb } from './transactions.ts'

/** The columns of a write, whose values are given by name when it runs. */
export type Given<Values> = { [Column in keyof Values]: SQL }

/**
 * `build` makes the query for the columns of these values; run the statement with the values. Absent and undefined ones are left out.
 * Null is part of the statement, as drizzle would turn a given null into a text for a JSON column.
 */
export function preparedFor<Values extends object, Statement>(
  table: SQLiteTable,
  build: (db: Db, columns: Given<Values>) => { prepare(): Statement },
): (db: Db, values: Values) => Statement {
  const columns = getTableColumns(table)
  const statementsOf = oncePerDb(() => new Map<string, Statement>())

  function givenFor(values: Values): Given<Values> {
    const written = Object.entries(values).flatMap(([name, value]) => {
      if (value === undefined) return []
      return [[name, value === null ? sql`null` : sql`${sql.param(sql.placeholder(name), columns[name])}`]]
    })
    return Object.fromEntries(written)
  }

  return (db, values) => {
    const statements = statementsOf(db)
    let shape = ''
    for (const [name, value] of Object.entries(values))
      if (value !== undefined) shape += value === null ? `${name}=null,` : `${name},`
    const known = statements.get(shape)
    if (known) return known
    const statement = build(db, givenFor(values)).prepare()
    statements.set(shape, statement)
    return statement
  }
}

/** Adds a row to a table, by a statement that is prepared once for each set of columns. Returns it as it is stored. */
export function preparedInsert<Table extends SQLiteTable>(table: Table) {
  const statement = preparedFor<Table['$inferInsert'], RowStatement<Table>>(table, (db, row) =>
    db.insert<SQLiteTable>(table).values(row).returning(),
  )
  return (db: Db, row: Table['$inferInsert']): Table['$inferSelect'] => statement(db, row).get(row)
}
type RowStatement<Table extends SQLiteTable> = { get(values: Table['$inferInsert']): Table['$inferSelect'] }

/** Whether each of these columns has the value that is given by its name: `equalsGiven(holdings.leagueId, holdings.userId)`. */
export const equalsGiven = (...columns: SQLiteColumn[]): SQL | undefined =>
  and(...columns.map(column => eq(column, sql.placeholder(nameOf(column)))))

/** The name of a column in the code, as in its schema. */
function nameOf(column: SQLiteColumn): string {
  const [name] = Object.entries(getTableColumns(column.table)).find(([, other]) => other.name === column.name)!
  return name
}

/** For an insert that updates the row that is already there: these columns as in the row that was to be inserted. */
export const excluded = (...columns: SQLiteColumn[]): Record<string, SQL> =>
  Object.fromEntries(columns.map(column => [nameOf(column), sql`excluded.${sql.identifier(column.name)}`]))

/** Whether a column is in a list. The list is passed as JSON, so that lists of every length share one statement. */
export const isOneOf = (column: SQLiteColumn, name: string): SQL =>
  sql`${column} in (select value from json_each(${sql.placeholder(name)}))`

/** The same for a list that is known when the query is built. */
export const isAmong = (column: SQLiteColumn, values: readonly unknown[]): SQL =>
  sql`${column} in (select value from json_each(${JSON.stringify(values)}))`
