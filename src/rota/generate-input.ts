/** What a roster is generated from. */
import { Value } from '@sinclair/typebox/value'
import { t } from 'elysia'
import { oneOfWords } from '../platform/http/shared-schemas.ts'
import type { Run } from '../platform/jobs/runs.ts'
import { type DateRange, rangeFields, rangeOfBody } from './date-range.ts'
import type { Algorithm } from './solving/problem.ts'

const algorithms = ['greedy', 'optimal', 'production'] as const

export const generateSchema = t.Object({
  ...rangeFields,
  algorithm: t.Optional(oneOfWords(algorithms)),
  seed: t.Optional(
    t.Integer({ minimum: 0, maximum: 2_147_483_647, description: 'The same seed gives the same roster' }),
  ),
  budget_s: t.Optional(
    t.Number({ minimum: 0.1, maximum: 600, description: 'Seconds: 10 for production and 300 for optimal by default' }),
  ),
})

type GenerateInput = DateRange & { algorithm: Algorithm; budget_s?: number }

/** The input of a run that generates a roster; undefined for a run of other work. */
export function generateInput({ input }: Run): GenerateInput | undefined {
  if (!Value.Check(generateSchema, input)) return undefined
  const { algorithm = 'production', budget_s } = input
  return { ...rangeOfBody(input), algorithm, ...(budget_s ? { budget_s } : {}) }
}
