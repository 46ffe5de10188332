/** One user, for admins: what they did, what may be changed. */
import { Elysia } from 'elysia'
import type { User } from '../../accounts/account.ts'
import { type UserStats, userById, userStatsOf } from '../../accounts/queries.ts'
import { passwordInput, userFields } from '../../accounts/user-fields.ts'
import type { App } from '../../context.ts'
import { type Html, html } from '../../platform/html.ts'
import { access } from '../../platform/http/access.ts'
import { idParams } from '../../platform/http/shared-schemas.ts'
import { hidden } from '../../ui/layout.ts'
import { badge } from '../../ui/parts/badges.ts'
import { stats } from '../../ui/parts/figures.ts'
import { action, answer, form, formField } from '../../ui/parts/form.ts'
import { name, number, time } from '../../ui/parts/values.ts'
import { monitorPage } from '../pages/monitor-layout.ts'

export const userPage = (app: App) =>
  new Elysia().use(access(app)).get(
    '/admin/users/:id',
    ({ params: { id }, who }) => {
      const user = userById(app.db, id)
      return monitorPage(app, {
        title: user.username,
        who,
        room: 'accounts',
        body: body(user, userStatsOf(app.db, id)),
      })
    },
    { params: idParams, may: 'admin', detail: hidden },
  )

const body = (
  user: User,
  done: UserStats,
): Html => html`<p>${user.email} ${badge(user.role)} · <a href="/admin/users">All accounts</a> · <a href="/admin/audit/logs?user=${user.username}">What they did</a></p>
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
<section class="part"><div class="head"><h2>Change</h2></div>
${form(
  { method: 'patch', action: `/api/v1/users/${user.id}`, done: 'Changed' },
  html`${userFields(user)}${formField({ ...passwordInput, label: 'New password', optional: true, hint: 'Empty: it stays as it is' })}`,
  'Change',
)}
</section>
<section class="part"><div class="head"><h2>Forgot the password</h2></div>
<p>A link by which ${name(user.username)} chooses a new one, once within a day. Send it to nobody else.</p>
${form({ action: `/api/v1/users/${user.id}/password-link`, goTo: 'stay' }, answer('url', 'The link, shown only now:'), 'Make a link')}
</section>
<section class="part"><div class="head"><h2>Delete</h2></div>
<p>The account, its keys and sessions go. What ${name(user.username)} did in leagues stays, under a number instead of the name.</p>
${action({
  method: 'delete',
  action: `/api/v1/users/${user.id}`,
  label: 'Delete this user',
  danger: true,
  confirm: `Delete ${user.username}? This cannot be undone.`,
  goTo: '/admin/users',
  done: `${user.username} is deleted`,
})}</section>`
