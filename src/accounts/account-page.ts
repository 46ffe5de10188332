import { roles } from '../../db/schema.ts'
import { html } from '../platform/html.ts'
import { isAtLeast, isNoMoreThan } from '../platform/http/access.ts'
import type { Who } from '../platform/http/request-context.ts'
import { page } from '../ui/layout.ts'
import { badge } from '../ui/parts/badges.ts'
import { action, answer, form, formField } from '../ui/parts/form.ts'
import { emptyState } from '../ui/parts/notices.ts'
import { table } from '../ui/parts/table.ts'
import { name, time } from '../ui/parts/values.ts'
import type { User } from './account.ts'
import { csrfField } from './csrf.ts'
import type { KeyView } from './key.ts'

/** One's own account: password, keys, and the way out. */
export const accountPage = (who: Who, user: User, keys: readonly KeyView[]) =>
  page({
    title: 'Account',
    who,
    nav: 'account',
    body: html`<div class="head">
  <h1>${name(user.username)}</h1>
  <form class="action" method="post" action="/sign-out">
    <input type="hidden" name="${csrfField}" value="${who.csrfToken}" />
    <button type="submit" class="quiet">Sign out</button>
  </form>
</div>
<p>${user.email} ${badge(user.role)} ${isAtLeast(who, 'admin') && html`· <a href="/admin/users">All users</a>`} ${isAtLeast(who, 'officer') && html`· <a href="/invitations">Invite people</a>`}</p>

<h2>Keys</h2>
<p>A key lets a program act for you: it sends <code>Authorization: Bearer fh_…</code>. See the <a href="/swagger">API</a>.</p>
<div id="keys">${keyTable(keys)}</div>
${keyForm(who)}

<h2>Password</h2>
<p>Another password ends your sessions everywhere else. Keys stay.</p>
${passwordForm(user)}`,
  })

const keyTable = (keys: readonly KeyView[]) =>
  table({
    caption: 'Keys',
    rows: keys,
    key: key => `key-${key.id}`,
    empty: emptyState('No keys', 'Make one for each program, so that you can take it away from just that one.'),
    columns: [
      { head: 'Name', names: true, cell: key => name(key.name) },
      { head: 'Begins with', cell: key => html`<code>${key.hint}…</code>` },
      { head: 'Role', cell: key => badge(key.role) },
      { head: 'Made', cell: key => time(key.created_at) },
      { head: 'Last used', cell: key => time(key.last_used_at) },
      {
        head: html`<span class="sr">Actions</span>`,
        cell: key =>
          action({
            method: 'delete',
            action: `/api/v1/keys/${key.id}`,
            label: 'Revoke',
            small: true,
            danger: true,
            confirm: `Revoke the key ${key.name}? Programs that use it stop working.`,
            done: 'The key is revoked',
          }),
      },
    ],
  })

const keyForm = (who: Who) =>
  form(
    { action: '/api/v1/keys', renews: 'keys' },
    html`${formField({ label: 'Name', name: 'name', maxlength: 80, hint: 'Which program will use it' })}
${formField({
  label: 'Role',
  name: 'role',
  type: 'select',
  value: 'member',
  choices: roles.filter(role => isNoMoreThan(role, who.role)).map(role => ({ value: role, label: role })),
  hint: 'Give it no more than the program needs',
})}
${answer('key', 'Your key, shown only now:')}`,
    'Make a key',
  )

const passwordForm = (user: User) =>
  form(
    { action: '/api/v1/auth/password', done: 'The password is changed' },
    html`<input type="email" autocomplete="username" value="${user.email}" hidden />
${formField({ label: 'Password now', name: 'current_password', type: 'password', autocomplete: 'current-password' })}
${formField({
  label: 'New password',
  name: 'new_password',
  type: 'password',
  autocomplete: 'new-password',
  minlength: 10,
  maxlength: 200,
  hint: 'At least 10 characters',
})}`,
    'Change the password',
  )
