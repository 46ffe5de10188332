/** Validates the config of a league, by field. An unknown key is an error too: it would silently have no effect. */
import type { TObject } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { FieldError } from '../errors.ts'
import { fieldErrors } from '../platform/http/field-errors.ts'

export const configErrors = (schema: TObject, given: unknown): FieldError[] => [
  ...unknownKeys(schema, given, 'config'),
  ...fieldErrors(Value.Errors(schema, given), 'config'),
]

type SchemaPart = {
  properties?: Record<string, SchemaPart>
  items?: SchemaPart
  anyOf?: SchemaPart[]
  [rule: string]: unknown
}

function unknownKeys(schema: SchemaPart, given: unknown, path: string): FieldError[] {
  if (typeof given !== 'object' || given === null) return []
  const choices = [schema, ...(schema.anyOf ?? [])]
  if (Array.isArray(given)) {
    const items = choices.find(choice => choice.items)?.items
    return items ? given.flatMap((one, i) => unknownKeys(items, one, `${path}.${i}`)) : []
  }
  const known = choices.find(choice => choice.properties)?.properties
  if (!known) return []
  return Object.entries(given).flatMap(([key, value]) =>
    Object.hasOwn(known, key)
      ? unknownKeys(known[key]!, value, `${path}.${key}`)
      : [
          {
            path: `${path}.${key}`,
            message: `There is no setting ${key} here; the settings are ${Object.keys(known).join(', ')}.`,
          },
        ],
  )
}
