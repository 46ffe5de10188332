/** Users, for admins: the list, its files, and a form for a new one. */

import { type Static, t } from 'elysia'
import { roles } from '../../../db/schema.ts'
import { roleSchema, type User, userSchema, userView } from '../../accounts/account.ts'
import { usersReading } from '../../accounts/queries.ts'
import { passwordInput, userFields } from '../../accounts/user-fields.ts'
import type { App } from '../../context.ts'
import { type Html, html } from '../../platform/html.ts'
import {
  type Pagination,
  pageOf,
  pageQuery,
  pagination as paginationOf,
  paginationSchema,
} from '../../platform/http/pagination.ts'
import { address } from '../../ui/parts/address.ts'
import { badge } from '../../ui/parts/badges.ts'
import { form, formField } from '../../ui/parts/form.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { table } from '../../ui/parts/table.ts'
import { name, none, time } from '../../ui/parts/values.ts'
import { livePage } from '../pages/live-page.ts'
import { filterForm } from '../pages/monitor-layout.ts'

const path = '/admin/users'
const query = t.Object({
  q: t.Optional(t.String({ maxLength: 254 })),
  role: t.Optional(roleSchema),
  page: pageQuery.page,
  limit: t.Optional(t.Integer({ default: 50 })),
})
type Filter = Pick<Static<typeof query>, 'q' | 'role'>
type Listed = { users: User[]; pages: Pagination }

export const userListPage = (app: App) =>
  livePage(app, {
    path: `${path}/`,
    title: 'Accounts',
    room: 'accounts',
    query,
    async read({ q, role, page, limit = 50 }): Promise<Listed> {
      const place = pageOf({ page, limit })
      const { users, total } = await app.reader.read(usersReading, { q, role, ...place })
      return { users, pages: paginationOf(place, total) }
    },
    body,
    json: {
      says: 'Users by name',
      schema: t.Object({ users: t.Array(userSchema), pagination: paginationSchema }),
      of: ({ users, pages }) => ({ users: users.map(userView), pagination: pages }),
      pages: ({ pages }) => pages,
    },
    file: {
      name: 'users',
      row: userSchema,
      rows: async ({ q, role }, place) =>
        (await app.reader.read(usersReading, { q, role, ...place })).users.map(userView),
    },
  })

const body = ({ users, pages }: Listed, { q, role }: Filter): Html => html`${filterForm(path, [
  { name: 'q', label: 'Name or e-mail address', type: 'search', value: q },
  { name: 'role', label: 'Role', value: role, choices: ['', ...roles] },
])}
${table<User>({
  caption: 'Users, by name',
  dense: true,
  stack: true,
  rows: users,
  key: user => `user-${user.id}`,
  empty:
    q || role
      ? emptyState('Nobody found', 'No account fits these filters.', html`<a href="${path}">All accounts</a>`)
      : emptyState('No users yet', 'Make accounts for your members below.'),
  columns: [
    { head: 'Name', names: true, cell: user => html`<a href="${path}/${user.id}">${name(user.username)}</a>` },
    { head: 'E-mail address', cell: user => user.email },
    { head: 'Role', cell: user => (user.role === 'member' ? user.role : badge(user.role, 'good')) },
    { head: 'Country', cell: user => user.country ?? none },
    { head: 'Since', cell: user => time(user.createdAt) },
    { head: 'Last seen', cell: user => time(user.lastSeenAt) },
  ],
})}
${paginationLinks(pages, page => address(path, { q, role, page }))}
<section class="part"><div class="head"><h2>A new user</h2></div>
${form(
  { action: '/api/v1/users', goTo: `${path}/{id}`, done: 'The user is made' },
  html`${userFields()}${formField({ ...passwordInput, label: 'Password', hint: 'At least 10 characters; they can change it' })}`,
  'Make the user',
)}</section>`
