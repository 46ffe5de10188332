/** What imports from spreadsheets have in common: a preview first, every mistake by its line. */
import { type TSchema, t } from 'elysia'
import { describe } from '../platform/http/route-docs.ts'

export const dryRunQuery = t.Object({
  dry_run: t.Optional(t.Boolean({ description: 'Only tell what would be done, and every mistake' })),
})

export const mistakes = {
  errors: t.Array(
    t.Object(
      { path: t.String({ examples: ['line 3, skills'] }), message: t.String() },
      { description: 'The first of them' },
    ),
  ),
  total_errors: t.Integer(),
}

/** 201 for what was done, 200 for what would be. */
export function importAnswers(summary: string, done: TSchema, preview: TSchema) {
  const { responses } = describe('What would be done', preview)
  const all = describe(summary, done, { status: 201 })
  return { ...all, responses: { ...all.responses, ...responses } }
}
