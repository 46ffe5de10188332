/** Rows of tables as the API shows them. */
import type { Static, TObject, TSchema } from '@sinclair/typebox'
import { iso } from '../clock.ts'

type CamelCase<Name> = Name extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelCase<Tail>>}` : Name

/** The columns that a schema shows. A time is a number in a row and a text in the API. */
type RowOf<Schema extends TObject> = {
  [Name in keyof Static<Schema> as CamelCase<Name>]:
    | Static<Schema>[Name]
    | (string extends NonNullable<Static<Schema>[Name]> ? number : never)
}

/**
 * Shows of a row what the schema has, in its order: `league_id` is the column `leagueId`, and times are ISO 8601 in UTC. What has no
 * column, or another value than in its column, is given with the row: `view({ ...price, username })`.
 */
export function rowView<Schema extends TObject>(schema: Schema): (row: RowOf<Schema>) => Static<Schema> {
  const shown = Object.entries(schema.properties).map(([name, part]) => ({
    name,
    column: name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
    isTime: isTime(part),
  }))
  return (row: Record<string, unknown>) => {
    const view: Record<string, unknown> = {}
    for (const { name, column, isTime } of shown) {
      const value = row[column]
      if (value !== undefined) view[name] = isTime && typeof value === 'number' ? iso(value) : value
    }
    return view as Static<Schema>
  }
}

const isTime = ({ format, anyOf = [] }: TSchema): boolean => format === 'date-time' || anyOf.some(isTime)
