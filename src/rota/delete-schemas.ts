import { t } from 'elysia'

/** What takes other things with it is done only where that was said. */
export const confirmQuery = t.Object({
  confirm: t.Optional(t.Boolean({ description: 'Also where other things go with it' })),
})

export const deletedSchema = t.Object({ deleted: t.Boolean(), id: t.Integer() })
