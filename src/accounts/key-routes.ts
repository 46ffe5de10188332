import { t } from 'elysia'
import type { App } from '../context.ts'
import { isoOrNull } from '../platform/clock.ts'
import { apiRouter, signedIn } from '../platform/http/access.ts'
import { listRoute, paged } from '../platform/http/pagination.ts'
import { createRoute, describe } from '../platform/http/route-docs.ts'
import {
  dateTime,
  deletedSchema,
  idParams,
  idSchema,
  nullableDateTime,
  oneLine,
} from '../platform/http/shared-schemas.ts'
import { roleSchema } from './account.ts'
import { issueKey, keySchema, keysOfUser, revokeKey } from './key.ts'

const newKey = t.Object(
  {
    name: oneLine(80),
    role: roleSchema,
    expires_at: t.Optional(
      t.Nullable(
        dateTime({
          description:
            'When it expires; without it, it works until it is revoked. A key that expires makes only keys that expire no later',
        }),
      ),
    ),
  },
  { examples: [{ name: 'scanner', role: 'member', expires_at: '2027-01-01T00:00:00Z' }] },
)

export const keyRoutes = (app: App) =>
  apiRouter(app, '/api/v1/keys', 'accounts')
    .get('/', ({ query, who, request }) => paged(query, request, page => keysOfUser(app.db, signedIn(who).id, page)), {
      may: 'member',
      ...listRoute('My keys, newest first', 'keys', keySchema),
    })
    .post(
      '/',
      async ({ body, who }) => {
        const { id, secret, name, role, expiresAt } = await issueKey(app, signedIn(who), body)
        return { id, key: secret, name, role, expires_at: isoOrNull(expiresAt) }
      },
      {
        body: newKey,
        may: 'member',
        ...createRoute(
          'A new key, shown only once; its role is at most mine',
          t.Object({
            id: idSchema,
            key: t.String({ examples: ['fh_Xk3v…'] }),
            name: t.String(),
            role: roleSchema,
            expires_at: nullableDateTime,
          }),
        ),
      },
    )
    .delete(
      '/:id',
      async ({ params: { id }, who }) => {
        await revokeKey(app, signedIn(who), id)
        return { deleted: true, id }
      },
      {
        params: idParams,
        may: 'member',
        detail: describe('Delete one of my keys; admins may delete any key', deletedSchema),
      },
    )
