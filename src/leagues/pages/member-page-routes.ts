/** Members of a league, and the page that an invitation opens. */

import { t } from 'elysia'
import { authFormPage, countryChoice, email, newPassword, submitAuthForm, username } from '../../accounts/auth-form.ts'
import { csrfInput } from '../../accounts/csrf.ts'
import { invitationPath, listInvitations, openInvitation } from '../../accounts/invitation.ts'
import { signUpFields } from '../../accounts/sign-in.ts'
import type { App } from '../../context.ts'
import { sendsMail } from '../../mail/send.ts'
import { html } from '../../platform/html.ts'
import { isAtLeast, signedIn } from '../../platform/http/access.ts'
import { pageOf, pageQuery, pagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { seeOther } from '../../platform/http/responses.ts'
import { idParams, idSchema, sentFields } from '../../platform/http/shared-schemas.ts'
import { shownName } from '../../ui/display-name.ts'
import { page, pageRouter } from '../../ui/layout.ts'
import { address } from '../../ui/parts/address.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { name, time } from '../../ui/parts/values.ts'
import { acceptInvitation, describeInvitation, joinByInvitation } from '../accept-invitation.ts'
import { kindOf } from '../kinds.ts'
import { onLeaving } from '../membership.ts'
import { findLeague, isMember, leagueViewById, membersOf } from '../queries.ts'
import { readableLeague } from '../visibility.ts'
import { invitationForm, invitationTable, membersBody } from './members-page.ts'

const token = t.String({ minLength: 1, maxLength: 100 })
const shownInvitations = pageOf({ limit: 50 })

export const memberPages = (app: App) => {
  const { db, clock } = app

  function membersPage(id: number, who: Who, query: { page?: number; limit?: number }) {
    const league = readableLeague(db, id, who)
    const slice = pageOf(query)
    const { members, total } = membersOf(db, id, slice)
    const view = leagueViewById(db, id, clock.now())
    const isOfficer = isAtLeast(who, 'officer')
    const removable = members.filter(({ user_id }) => isOfficer || user_id === who.id)
    const isOpen = view.status === 'upcoming' || view.status === 'active'
    const body = membersBody(
      {
        league: view,
        kind: kindOf(app, league).pages,
        members,
        pagination: pagination(slice, total),
        onLeaving: new Map(removable.map(({ user_id }) => [user_id, onLeaving(app, league, user_id)])),
        invited: isOfficer && isOpen ? listInvitations(db, id, shownInvitations, clock.now()) : undefined,
        sendsMail: sendsMail(app),
      },
      who,
    )
    return page({ title: `Members of ${league.name}`, who, nav: 'leagues', body })
  }

  const invitedForm = (token: string) => {
    const invitation = describeInvitation(app, token)
    const { league, invited_by } = invitation
    const back = encodeURIComponent(invitationPath(token))
    return {
      title: `You are invited to ${league?.name ?? shownName()}`,
      description: `${invited_by ? `${invited_by} invites you. ` : ''}Make an account, or sign in.`,
      above: invitedBy(invitation),
      action: '/invitation',
      fields: [{ ...username, autofocus: true }, email, newPassword, countryChoice()],
      submit: league ? 'Make an account and join' : 'Make an account',
      hiddenFields: { token },
      below: html`<p>Have an account? <a href="/sign-in?next=${back}">Sign in</a>, and you come back to this page.</p>`,
    }
  }

  const invitedBy = ({ invited_by, expires_at }: ReturnType<typeof describeInvitation>) =>
    html`<p>${invited_by ? html`${name(invited_by)} invites you` : 'You are invited'}; the link ends ${time(expires_at)}.</p>`

  function joinPage(token: string, who: Who) {
    const invitation = describeInvitation(app, token)
    const { league } = invitation
    if (!league) return seeOther('/')
    if (who.id !== null && isMember(db, league.id, who.id)) return seeOther(`/leagues/${league.id}`)
    const body = html`<div class="head"><h1>You are invited to ${name(league.name)}</h1></div>
${invitedBy(invitation)}
<form class="form" method="post" action="/invitation">
<input type="hidden" name="token" value="${token}" />${csrfInput(who)}
<div class="submit"><button type="submit">Join as ${who.username}</button></div>
</form>`
    return page({ title: `You are invited to ${league.name}`, who, nav: 'leagues', body })
  }

  return pageRouter(app)
    .get('/leagues/:id/members', ({ params: { id }, query, who }) => membersPage(id, signedIn(who), query), {
      params: idParams,
      query: t.Object(pageQuery),
      may: 'member',
    })
    .get(
      '/invitations',
      ({ query, who }) => {
        const slice = pageOf({ ...shownInvitations, page: query.page })
        const { invitations, total } = listInvitations(db, query.league_id, slice, clock.now())
        const to = (page: number) => address('/invitations', { league_id: query.league_id, page })
        const body = html`<div class="head"><h1>Invitations</h1></div>
<p>Anyone with the link can make an account with the role member. For a link that also joins a league, use the league's page of members.</p>
${invitationForm(sendsMail(app))}
${invitationTable(invitations, paginationLinks(pagination(slice, total), to), id => findLeague(db, id)?.name)}`
        return page({ title: 'Invitations', who, nav: 'account', body })
      },
      { query: t.Object({ league_id: t.Optional(idSchema), ...pageQuery }), may: 'officer' },
    )
    .get(
      '/invitation',
      ({ query: { token }, who }) => {
        if (who) return joinPage(token, who)
        return authFormPage(invitedForm(token), { email: openInvitation(db, token, clock.now()).email ?? undefined })
      },
      { query: t.Object({ token }), may: 'anyone' },
    )
    .post(
      '/invitation',
      async ({ request, body, who }) => {
        const { token = '' } = body
        if (who) {
          const joined = await joinByInvitation(app, token, who)
          return seeOther(joined === null ? '/' : `/leagues/${joined}`)
        }
        const { league } = describeInvitation(app, token)
        return submitAuthForm(signUpFields, body, invitedForm(token), async account => {
          await acceptInvitation(app, request, token, account)
          return seeOther(league ? `/leagues/${league.id}` : '/')
        })
      },
      {
        body: sentFields,
        may: 'anyone',
      },
    )
}
