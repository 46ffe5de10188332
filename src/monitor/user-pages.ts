/** Users as admins see them: the list, and one page each. */
import { type Static, t } from 'elysia'
import { roles } from '../../db/schema.ts'
import { minPasswordLength, roleSchema, type User, type UserStats, userSchema, userView } from '../accounts/account.ts'
import { keyTable } from '../accounts/account-page.ts'
import { countryChoice, newPassword } from '../accounts/auth-form.ts'
import { countryName } from '../accounts/countries.ts'
import { type KeyView, keysOfUser, maxKeys } from '../accounts/key.ts'
import { userById, userStatsOf, usersReading } from '../accounts/queries.ts'
import type { App } from '../context.ts'
import { membershipsOf } from '../people/standing.ts'
import { type Html, html } from '../platform/html.ts'
import { type Pagination, pageOf, pageQueryOf, pageSchema, withPagination } from '../platform/http/pagination.ts'
import { idParams } from '../platform/http/shared-schemas.ts'
import { jobsPath } from '../runs/job-titles.ts'
import { pageRouter } from '../ui/layout.ts'
import { address } from '../ui/parts/address.ts'
import { badge } from '../ui/parts/badges.ts'
import { stats } from '../ui/parts/figures.ts'
import { action, answer, form, formField } from '../ui/parts/form.ts'
import { emptyState } from '../ui/parts/notices.ts'
import { paginationLinks } from '../ui/parts/pagination-links.ts'
import { denseTable } from '../ui/parts/table.ts'
import { countLink, name, noValue, number, time } from '../ui/parts/values.ts'
import { livePage } from './pages/live-page.ts'
import { filterForm, monitorPage } from './pages/monitor-layout.ts'

const path = '/admin/users'
const query = t.Object({
  q: t.Optional(t.String({ maxLength: 254 })),
  role: t.Optional(roleSchema),
  ...pageQueryOf(50),
})
type AccountFilter = Pick<Static<typeof query>, 'q' | 'role'>

export const userListPage = (app: App) =>
  livePage(app, {
    path: `${path}/`,
    title: 'Accounts',
    navItem: 'accounts',
    query,
    async read({ q, role, page, limit }) {
      const place = pageOf({ page, limit })
      return withPagination(await app.reader.read(usersReading, { q, role, ...place }), place)
    },
    body: listBody,
    json: {
      summary: 'Users by name',
      schema: pageSchema('users', userSchema),
      of: ({ users, pagination }) => ({ users: users.map(userView), pagination }),
    },
    file: {
      name: 'users',
      row: userSchema,
      rows: async ({ q, role }, place) =>
        (await app.reader.read(usersReading, { q, role, ...place })).users.map(userView),
    },
  })

const listBody = (
  { users, pagination }: { users: User[]; pagination: Pagination },
  { q, role }: AccountFilter,
): Html => html`${filterForm(path, [
  { name: 'q', label: 'Name or e-mail address', type: 'search', value: q },
  { name: 'role', label: 'Role', value: role, choices: ['', ...roles] },
])}
${denseTable<User>({
  caption: 'Accounts, by name',
  rows: users,
  pages: pagination,
  key: user => `user-${user.id}`,
  empty:
    q || role
      ? emptyState('No match', 'No account matches these filters.', html`<a href="${path}">All accounts</a>`)
      : emptyState('No accounts yet', 'Make accounts for your members below.'),
  columns: [
    { head: 'Name', names: true, cell: user => html`<a href="${path}/${user.id}">${name(user.username)}</a>` },
    { head: 'E-mail address', cell: user => user.email },
    { head: 'Role', cell: user => (user.role === 'member' ? user.role : badge(user.role, 'good')) },
    { head: 'Country', cell: ({ country }) => (country ? countryName(country) : noValue) },
    { head: 'Since', cell: user => time(user.createdAt) },
    { head: 'Last seen', cell: user => time(user.lastSeenAt) },
  ],
})}
${paginationLinks(pagination, page => address(path, { q, role, page, limit: pagination.limit }))}
<section class="part"><div class="head"><h2>New account</h2></div>
${form(
  { action: '/api/v1/users', goTo: `${path}/{id}`, done: 'The account is made' },
  html`${userFields()}${formField({ ...newPassword, hint: `At least ${minPasswordLength} characters; they can change it` })}`,
  'Make the account',
)}</section>`

/** One user: what they did, and what can be changed. */
export const userPage = (app: App) =>
  pageRouter(app).get(
    '/admin/users/:id',
    ({ params: { id }, who }) => {
      const user = userById(app.db, id)
      return monitorPage(app, {
        title: user.username,
        who,
        navItem: 'accounts',
        body: userBody(user, {
          done: userStatsOf(app.db, id),
          leagues: membershipsOf(app, id, who, pageOf({ limit: 1 })).total,
          keys: keysOfUser(app.db, id, pageOf({ limit: maxKeys })).keys,
        }),
      })
    },
    { params: idParams, may: 'admin' },
  )

type UserData = {
  done: UserStats
  /** Without archived ones, as the person's page lists them. */
  leagues: number
  keys: readonly KeyView[]
}

const userBody = (
  user: User,
  { done, leagues, keys }: UserData,
): Html => html`<p>${user.email} ${badge(user.role)} · <a href="/admin/users">All accounts</a> · <a href="/admin/audit/logs?user_id=${user.id}">Their activity</a></p>
${stats([
  { label: 'Since', value: time(user.createdAt) },
  { label: 'Last seen', value: time(user.lastSeenAt) },
  {
    label: 'Leagues',
    value: countLink(leagues, `/people/${user.id}`),
    note: done.leagues_joined > leagues && `and ${done.leagues_joined - leagues} archived`,
  },
  {
    label: 'Jobs started',
    value: countLink(done.jobs_started, address(jobsPath, { user: user.username })),
    note:
      done.jobs_failed > 0 &&
      html`<a href="${address(jobsPath, { user: user.username, status: 'FAILURE' })}">${number(done.jobs_failed)} failed</a>`,
  },
  { label: 'Keys', value: countLink(done.api_keys, '#keys') },
  done.trades > 0 && { label: 'Trades', value: number(done.trades) },
])}
<section class="part"><div class="head"><h2>Change</h2></div>
${form(
  { method: 'patch', action: `/api/v1/users/${user.id}`, done: 'Changed' },
  html`${userFields(user)}${formField({ ...newPassword, label: 'New password', optional: true, hint: 'Empty: it stays as it is' })}`,
  'Change',
)}
</section>
<section class="part"><div class="head"><h2>Forgot the password</h2></div>
<p>A link by which ${name(user.username)} chooses a new one, once within a day. Send it to nobody else.</p>
${form({ action: `/api/v1/users/${user.id}/password-link`, goTo: 'stay' }, answer('url', 'The link, shown only now:'), 'Make a link')}
</section>
<section class="part"><div class="head"><h2>Signed in</h2></div>
<p>For a browser that is lost or shared. Keys and password stay; whoever knows the password can sign in again.</p>
${action({
  method: 'delete',
  action: `/api/v1/users/${user.id}/sessions`,
  label: 'Sign them out everywhere',
  confirm: `Sign ${user.username} out of every browser?`,
  goTo: 'stay',
  done: `${user.username} is signed out everywhere`,
})}</section>
${keys.length > 0 && html`<section class="part" id="keys"><div class="head"><h2>Keys</h2></div>${keyTable(keys)}</section>`}
<section class="part"><div class="head"><h2>Delete</h2></div>
<p>The account, its keys and sessions go. What ${name(user.username)} did in leagues stays, under a number instead of the name.</p>
${action({
  method: 'delete',
  action: `/api/v1/users/${user.id}`,
  label: 'Delete this account',
  look: 'danger',
  confirm: `Delete ${user.username} for good? Keys and sessions go with the account; what they did in leagues stays, under a number.`,
  goTo: '/admin/users',
  done: `${user.username} is deleted`,
})}</section>`

const roleChoices = roles.map(role => [role, role] as const)

/** The fields of a user that an admin can set. */
const userFields = (
  user?: User,
) => html`${formField({ label: 'Name', name: 'username', maxlength: 40, value: user?.username, autocomplete: 'off' })}
${formField({ label: 'E-mail address', name: 'email', type: 'email', maxlength: 254, value: user?.email, autocomplete: 'off' })}
${formField({ label: 'Role', name: 'role', type: 'select', choices: roleChoices, value: user?.role ?? 'member', hint: `Officers manage leagues and rosters, admins everything${user ? '. A new role signs them out: they sign in again' : ''}` })}
${formField(countryChoice(user?.country))}`
