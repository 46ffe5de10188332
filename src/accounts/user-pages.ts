/** Users, for admins. */
import { Elysia, t } from 'elysia'
import { roles } from '../../db/schema.ts'
import { access, signedIn } from '../access.ts'
import type { App } from '../context.ts'
import type { Who } from '../runtime/exchange.ts'
import { html } from '../runtime/html.ts'
import { type Pagination, pageOf, pageQuery, pagination as paginationOf } from '../runtime/page.ts'
import { hidden, page } from '../web/layout.ts'
import { address } from '../web/parts/address.ts'
import { stats } from '../web/parts/figures.ts'
import { action, field, form } from '../web/parts/form.ts'
import { badge } from '../web/parts/marks.ts'
import { emptyState } from '../web/parts/notices.ts'
import { pagination } from '../web/parts/pages.ts'
import { table } from '../web/parts/table.ts'
import { name, none, number, time } from '../web/parts/values.ts'
import { roleSchema, type User } from './account.ts'
import { listUsers, statsOf, type UserFilter, type UserStats, userById } from './queries.ts'

const choices = roles.map(role => ({ value: role, label: role }))

export const userPages = ({ db, ...app }: App) =>
  new Elysia({ prefix: '/admin/users' })
    .use(access(app))
    .get(
      '/',
      ({ query, who }) => {
        const place = pageOf({ ...query, limit: 50 })
        const { users, total } = listUsers(db, query, place)
        return usersPage(signedIn(who), users, query, paginationOf(place, total))
      },
      {
        query: t.Object({
          q: t.Optional(t.String({ maxLength: 254 })),
          role: t.Optional(roleSchema),
          page: pageQuery.page,
        }),
        may: 'admin',
        detail: hidden,
      },
    )
    .get('/:id', ({ params: { id }, who }) => userPage(signedIn(who), userById(db, id), statsOf(db, id)), {
      params: t.Object({ id: t.Integer({ minimum: 1 }) }),
      may: 'admin',
      detail: hidden,
    })

const usersPage = (who: Who, users: readonly User[], filter: UserFilter, pages: Pagination) =>
  page({
    title: 'Users',
    who,
    nav: 'monitor',
    body: html`<div class="head">
  <h1>Users</h1>
  <form class="actions" method="get" action="/admin/users" role="search">
    <input type="search" name="q" value="${filter.q}" aria-label="Name or e-mail address" placeholder="Name or e-mail address" />
    <button type="submit" class="small">Search</button>
  </form>
</div>
${table({
  caption: 'Users',
  rows: users,
  key: user => `user-${user.id}`,
  empty: filter.q
    ? emptyState(
        'Nobody found',
        `No name or e-mail address holds “${filter.q}”.`,
        html`<a href="/admin/users">All users</a>`,
      )
    : emptyState('No users yet', 'Make accounts for your members below.'),
  columns: [
    { head: 'Name', names: true, cell: user => html`<a href="/admin/users/${user.id}">${name(user.username)}</a>` },
    { head: 'E-mail address', cell: user => user.email },
    { head: 'Role', cell: user => badge(user.role, user.role === 'member' ? 'plain' : 'good') },
    { head: 'Country', cell: user => user.country ?? none },
    { head: 'Since', cell: user => time(user.createdAt) },
    { head: 'Last seen', cell: user => time(user.lastSeenAt) },
  ],
})}
${pagination(pages, number => address('/admin/users', { ...filter, page: number }))}
<h2>A new user</h2>
${form(
  { action: '/api/v1/users', goTo: '/admin/users/{id}', done: 'The user is made' },
  html`${userFields()}${field({ ...password, label: 'Password', hint: 'At least 10 characters; they can change it' })}`,
  'Make the user',
)}`,
  })

const password = {
  name: 'password',
  type: 'password',
  autocomplete: 'new-password',
  minlength: 10,
  maxlength: 200,
} as const

const userFields = (
  user?: User,
) => html`${field({ label: 'Name', name: 'username', maxlength: 40, value: user?.username, autocomplete: 'off' })}
${field({ label: 'E-mail address', name: 'email', type: 'email', maxlength: 254, value: user?.email, autocomplete: 'off' })}
${field({ label: 'Role', name: 'role', type: 'select', choices, value: user?.role ?? 'member', hint: 'Officers manage leagues and rosters, admins everything' })}
${field({ label: 'Country', name: 'country', maxlength: 2, value: user?.country, optional: true, hint: 'Two letters, such as NO' })}`

const userPage = (who: Who, user: User, done: UserStats) =>
  page({
    title: user.username,
    who,
    nav: 'monitor',
    body: html`<div class="head">
  <h1>${name(user.username)}</h1>
</div>
<p>${user.email} ${badge(user.role)} · <a href="/admin/users">All users</a></p>
${stats([
  { label: 'Since', value: time(user.createdAt) },
  { label: 'Last seen', value: time(user.lastSeenAt) },
  { label: 'Leagues', value: number(done.leagues_joined) },
  {
    label: 'Jobs started',
    value: number(done.jobs_started),
    note: done.jobs_failed > 0 && `${done.jobs_failed} failed`,
  },
  { label: 'Keys', value: number(done.api_keys) },
  done.trades > 0 && { label: 'Trades', value: number(done.trades) },
])}
<h2>Change</h2>
${form(
  { method: 'patch', action: `/api/v1/users/${user.id}`, done: 'Changed' },
  html`${userFields(user)}${field({ ...password, label: 'New password', optional: true, hint: 'Empty: it stays as it is' })}`,
  'Change',
)}
<h2>Delete</h2>
<p>The account, its keys and sessions go. What ${name(user.username)} did in leagues stays, under a number instead of the name.</p>
${action({
  method: 'delete',
  action: `/api/v1/users/${user.id}`,
  label: 'Delete this user',
  danger: true,
  confirm: `Delete ${user.username}? This cannot be undone.`,
  goTo: '/admin/users',
  done: `${user.username} is deleted`,
})}`,
  })
