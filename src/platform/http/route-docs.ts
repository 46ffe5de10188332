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

/** Of a route that makes something and answers with it: the status 201 and what the API page says of it. */
export const createRoute = (summary: string, answer: TSchema, docs: Pick<AnswerDocs, 'description'> = {}) =>
  routeOfStatus(201, summary, answer, docs)

export const routeOfStatus = (status: number, summary: string, answer: TSchema, docs: AnswerDocs = {}) => ({
  detail: describe(summary, answer, { ...docs, status }),
  beforeHandle({ set }: { set: { status?: number | string } }) {
    set.status = status
  },
})

type AnswerDocs = { status?: number; description?: string; type?: string }
