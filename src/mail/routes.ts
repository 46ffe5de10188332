/** The link in every mail to turn off its kind. Opening it changes nothing, as mail programs open links by themselves. */
import { t } from 'elysia'
import type { MailKind } from '../../db/schema.ts'
import { atomically } from '../../db/transactions.ts'
import type { App } from '../context.ts'
import { html } from '../platform/html.ts'
import { page, pageRouter } from '../ui/layout.ts'
import { kindsOfMail, mailKindSchema } from './kinds.ts'
import { hashOfToken, isOff, setOptOut } from './opt-outs.ts'

export const mailPages = (app: App) => {
  const { db } = app
  const link = t.Object({ kind: mailKindSchema, token: t.String({ minLength: 1, maxLength: 200 }) })

  const shown = (kind: MailKind, token: string, isOn: boolean) =>
    page({
      title: 'Mails',
      who: undefined,
      nav: 'account',
      body: html`<div class="head"><h1>Mails: ${kindsOfMail[kind].label}</h1></div>
<p>${isOn ? 'You get these mails.' : 'You get no more of these mails.'} All kinds are on your <a href="/account">account page</a>.</p>
<form class="form" method="post" action="/unsubscribe?kind=${kind}&amp;token=${token}">
${!isOn && html`<input type="hidden" name="again" value="true" />`}
<div class="submit"><button type="submit">${isOn ? 'Stop these mails' : 'Send them again'}</button></div>
</form>`,
    })

  return pageRouter(app)
    .get(
      '/unsubscribe',
      ({ query: { kind, token } }) => {
        const isOn = !isOff(db, hashOfToken(db, token), kind)
        return shown(kind, token, isOn)
      },
      { query: link, may: 'anyone' },
    )
    .post(
      '/unsubscribe',
      async ({ query: { kind, token }, body }) => {
        const isOn = body?.again === 'true'
        await atomically(db, tx => setOptOut(tx, hashOfToken(tx, token), kind, isOn))
        return shown(kind, token, isOn)
      },
      {
        query: link,
        // A mail program posts `List-Unsubscribe=One-Click` (RFC 8058).
        body: t.Optional(t.Object({ again: t.Optional(t.String({ maxLength: 10 })) })),
        may: 'anyone',
      },
    )
}
