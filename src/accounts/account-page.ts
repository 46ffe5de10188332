import { roles } from '../../db/schema.ts'
import { html } from '../platform/html.ts'
import { isAtLeast, isNoMoreThan } from '../platform/http/access.ts'
import type { Who } from '../platform/http/request-context.ts'
import { page } from '../ui/layout.ts'
import { badge } from '../ui/parts/badges.ts'
import { action, answer, form, formField } from '../ui/parts/form.ts'
import { emptyState } from '../ui/parts/notices.ts'
import { table } from '../ui/parts/table.ts'
import { name, number, time } from '../ui/parts/values.ts'
import type { User } from './account.ts'
import { countryChoice, newPassword } from './auth-form.ts'
import { csrfInput } from './csrf.ts'
import type { KeyView } from './key.ts'
import type { SessionView } from './own-account.ts'
import type { OwnMails } from './own-mails.ts'

/** A person's own account: password, keys, sessions, mails, and signing out. */
export const accountPage = (
  who: Who,
  user: User,
  keys: readonly KeyView[],
  { sessions, total }: { sessions: readonly SessionView[]; total: number },
  mails: OwnMails,
) =>
  page({
    title: 'Account',
    who,
    nav: 'account',
    body: html`<div class="head">
  <h1>Your account</h1>
  <form class="action" method="post" action="/sign-out">
    ${csrfInput(who)}
    <button type="submit" class="quiet">Sign out</button>
  </form>
</div>
<p>${user.email} ${badge(user.role)} ${isAtLeast(who, 'admin') && html`· <a href="/admin/users">All accounts</a>`} ${isAtLeast(who, 'officer') && html`· <a href="/invitations">Invite people</a>`}</p>

<h2>You</h2>
${ownForm(user)}
<details><summary>Change the e-mail address</summary>
${addressForm(user)}</details>

<h2>Where you are signed in</h2>
<div id="sessions">${sessionTable(sessions)}${total > sessions.length && html`<p class="quiet">And ${number(total - sessions.length)} more. A new password ends them all.</p>`}</div>

${
  mails.sent &&
  html`<h2 id="mails">Mails</h2>
${mailForm(mails)}`
}

<h2>Keys</h2>
<p>A key lets a program act for you: it sends <code>Authorization: Bearer fh_…</code>. See the <a href="/swagger">API</a>.</p>
<div id="keys">${keyTable(keys)}</div>
${keyForm(who)}

<h2>Password</h2>
<p>A new password signs you out everywhere else. Your keys stay.</p>
${passwordForm(user)}

<h2>Leave</h2>
<details><summary>Delete my account</summary>
${leaveForm(user)}</details>`,
  })

const ownForm = (user: User) =>
  form(
    { method: 'patch', action: '/api/v1/auth/me', done: 'Changed' },
    html`<div class="columns">
${formField({ label: 'Name', name: 'username', maxlength: 40, value: user.username, hint: 'As others see you' })}
${formField(countryChoice(user.country))}
</div>`,
    'Change',
  )

const addressForm = (user: User) =>
  form(
    { method: 'patch', action: '/api/v1/auth/me', done: 'Changed' },
    html`<div class="columns">
${formField({ label: 'E-mail address', name: 'email', type: 'email', maxlength: 254, value: user.email })}
${formField({ label: 'Password', name: 'current_password', id: 'f-own-password', type: 'password', autocomplete: 'current-password' })}
</div>`,
    'Change the address',
  )

const mailForm = ({ mails }: OwnMails) =>
  form(
    { method: 'patch', action: '/api/v1/auth/mails', done: 'Saved' },
    mails.map(({ kind, label, hint, on }) => formField({ label, name: kind, type: 'checkbox', value: on, hint })),
    'Save',
  )

const sessionTable = (sessions: readonly SessionView[]) =>
  table({
    caption: 'Sessions, most recently used first',
    rows: sessions,
    key: ({ id }) => `session-${id}`,
    empty: 'None: you came in with a key.',
    columns: [
      {
        head: 'Browser',
        names: true,
        cell: ({ browser, is_this }) => html`${browserName(browser)} ${is_this && badge('this one', 'good')}`,
      },
      { head: 'Since', cell: each => time(each.created_at) },
      { head: 'Last used', cell: each => time(each.last_used_at) },
    ],
    actions: ({ id, browser, last_used_at, is_this }) =>
      !is_this &&
      action({
        method: 'delete',
        action: `/api/v1/auth/sessions/${id}`,
        label: 'End',
        of: html`${browserName(browser)}, last used ${time(last_used_at)}`,
        look: 'danger small',
        confirm: 'End this session? That browser has to sign in again.',
        renews: 'sessions',
        done: 'The session has ended',
      }),
  })

/** `Firefox on Linux`, as far as the user agent tells. */
function browserName(agent: string | null) {
  const browser = /Edg|OPR|Firefox|Chrome|Safari/.exec(agent ?? '')?.[0]
  const system = /Windows|Android|iPhone|iPad|Mac OS|Linux/.exec(agent ?? '')?.[0]
  const names: Record<string, string> = { Edg: 'Edge', OPR: 'Opera', 'Mac OS': 'macOS' }
  if (!browser) return agent ? name(agent.slice(0, 60)) : 'Unknown'
  return `${names[browser] ?? browser}${system ? ` on ${names[system] ?? system}` : ''}`
}

export const keyTable = (keys: readonly KeyView[]) =>
  table<KeyView>({
    caption: 'Keys',
    rows: keys,
    key: key => `key-${key.id}`,
    empty: emptyState('No keys', 'Make one for each program, so that you can revoke it for that program alone.'),
    columns: [
      { head: 'Name', names: true, cell: key => name(key.name) },
      { head: 'Starts with', cell: key => html`<code>${key.hint}…</code>` },
      { head: 'Role', cell: key => badge(key.role) },
      { head: 'Created', cell: key => time(key.created_at) },
      { head: 'Last used', cell: key => time(key.last_used_at) },
      { head: 'Expires', cell: key => (key.expires_at ? time(key.expires_at) : 'never') },
    ],
    actions: key =>
      action({
        method: 'delete',
        action: `/api/v1/keys/${key.id}`,
        label: 'Revoke',
        of: key.name,
        look: 'danger small',
        confirm: `Revoke the key ${key.name}? Programs that use it stop working.`,
        done: 'The key is revoked',
      }),
  })

const keyForm = (who: Who) =>
  form(
    { action: '/api/v1/keys', renews: 'keys' },
    html`${formField({ label: 'Name', name: 'name', maxlength: 80, hint: 'The program that will use it' })}
${formField({
  label: 'Role',
  name: 'role',
  type: 'select',
  value: 'member',
  choices: roles.filter(role => isNoMoreThan(role, who.role)).map(role => [role, role]),
  hint: 'No more than the program needs',
})}
${formField({ label: 'Expires', name: 'expires_at', type: 'time', optional: true, hint: 'Blank: the key never expires' })}
${answer('key', 'Your key, shown only now:')}`,
    'Make a key',
  )

const leaveForm = (user: User) =>
  form(
    {
      action: '/api/v1/auth/delete',
      goTo: '/',
      done: 'Your account is deleted',
      confirm: `Delete ${user.username} for good? This cannot be undone.`,
      look: 'danger',
    },
    html`<p>The account goes for good, with its name, address, keys and sessions. What you did in leagues stays on their boards, under a number or the name you gave an entry; in the rota your name stays on your shifts.</p>
<input type="email" autocomplete="username" value="${user.email}" hidden />
${formField({ label: 'Password', name: 'current_password', id: 'f-leave-password', type: 'password', autocomplete: 'current-password' })}`,
    'Delete my account',
  )

const passwordForm = (user: User) =>
  form(
    { action: '/api/v1/auth/password', done: 'The password is changed' },
    html`<input type="email" autocomplete="username" value="${user.email}" hidden />
${formField({ label: 'Password now', name: 'current_password', type: 'password', autocomplete: 'current-password' })}
${formField({ ...newPassword, label: 'New password', name: 'new_password' })}`,
    'Change the password',
  )
