/** Schemas that the routes of every feature share. Dates and texts are in `text-formats.ts`, pages in `pagination.ts`. */
import { t } from 'elysia'

/** Of a row. */
export const idSchema = t.Integer({ minimum: 1 })

/** `/:id` */
export const idParams = t.Object({ id: idSchema })

export const deletedSchema = t.Object({ deleted: t.Boolean(), id: t.Integer() })

/** What takes other things with it is done only where that was said. */
export const confirmQuery = t.Object({
  confirm: t.Optional(t.Boolean({ description: 'Also where other things go with it' })),
})
