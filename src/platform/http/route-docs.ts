/** What the API page says of a route. Refusals and security are added from `may` for all routes alike. */
import type { TSchema } from 'elysia'

/** `detail: describe('The ranked board of a league', boardPage)`: a summary and the shape of the answer. */
export const describe = (
  summary: string,
  answer?: TSchema,
  { status = 200, description, type = 'application/json' }: AnswerDocs = {},
) => ({
  summary,
  ...(description && { description }),
  responses: {
    [status]: {
      description: answer?.description ?? summary,
      ...(answer && { content: { [type]: { schema: answer as object } } }),
    },
  },
})

type AnswerDocs = { status?: number; description?: string; type?: string }
