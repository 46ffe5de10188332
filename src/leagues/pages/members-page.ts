import type { InvitationView } from '../../accounts/invitation.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import { isAtLeast } from '../../platform/http/access.ts'
import type { Pagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { address } from '../../ui/parts/address.ts'
import { badge } from '../../ui/parts/badges.ts'
import { action, answer, form, formField } from '../../ui/parts/form.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { table } from '../../ui/parts/table.ts'
import { name, noValue, number, time } from '../../ui/parts/values.ts'
import type { KindPages } from '../kind-pages.ts'
import type { LeagueView } from '../league.ts'
import type { MemberView } from '../queries.ts'
import { leagueHead } from './league-head.ts'

type MembersData = {
  league: LeagueView
  kind: KindPages
  members: readonly MemberView[]
  pagination: Pagination
  /** What happens to what a member has played, by user id; for those the reader may remove. */
  onLeaving: ReadonlyMap<number, string>
  /** For officers, while people can join: the newest, and how many there are. */
  invited?: { invitations: readonly InvitationView[]; total: number }
  sendsMail: boolean
}

/** The members of a league; officers add, invite and remove people here. */
export function membersBody(data: MembersData, who: Who): Html {
  const { league, kind, members, pagination, onLeaving, invited, sendsMail } = data
  const api = `/api/v1/leagues/${league.id}`
  const isOfficer = isAtLeast(who, 'officer')
  return html`${leagueHead({ league, kind, who, tab: 'members' })}
<section class="part">
<h2>Members</h2>
<div id="members">
${table({
  caption: `Members of ${league.name}, earliest first`,
  rows: members,
  pages: pagination,
  key: member => `m-${member.user_id}`,
  rowClass: member => (member.user_id === who.id ? 'mine' : undefined),
  empty: emptyState(
    'Nobody is in it yet',
    isOfficer ? 'Send a link, or add people by name.' : 'The board has a button to join.',
  ),
  columns: [
    {
      head: 'Name',
      names: true,
      cell: member => html`<a href="/people/${member.user_id}">${name(member.username)}</a>`,
    },
    { head: 'Since', cell: member => time(member.joined_at) },
  ],
  actions:
    (isOfficer || onLeaving.size > 0) &&
    (({ user_id, username }) => {
      const played = onLeaving.get(user_id)
      if (played === undefined) return null
      if (user_id === who.id)
        return action({
          label: 'Leave',
          look: 'danger small',
          action: `${api}/leave`,
          confirm: `Leave ${league.name}? ${played}`,
          goTo: '/',
          done: `You have left ${league.name}`,
        })
      return action({
        label: 'Remove',
        of: username,
        look: 'danger small',
        method: 'delete',
        action: `${api}/members/${user_id}`,
        confirm: `Remove ${username} from ${league.name}? ${played}`,
        renews: 'members',
        done: `${username} is no longer a member`,
      })
    }),
})}
${paginationLinks(pagination, (page, limit) => address(`/leagues/${league.id}/members`, { page, limit }))}
</div>
</section>
${
  invited &&
  html`<section class="part">
<h2>Add somebody who has an account</h2>
${form(
  { action: `${api}/join`, renews: 'members', done: '{message}' },
  formField({ label: 'Name', name: 'username', maxlength: 40, autocomplete: 'off' }),
  'Add a member',
)}
</section>
<section class="part">
<h2>Invitations</h2>
<p>Anyone with the link can make an account or sign in, and joins the league. Send it only to people you want in it.</p>
${invitationForm(sendsMail, league.id)}
${invitationTable(invited.invitations, invited.total > invited.invitations.length && html`<p><a href="${address('/invitations', { league_id: league.id })}">All ${number(invited.total)} invitations</a></p>`)}
</section>`
}`
}

export const invitationForm = (sendsMail: boolean, leagueId?: number): Html =>
  form(
    { action: '/api/v1/invitations', renews: 'invitations', done: 'The invitation is made' },
    html`${leagueId && html`<input type="hidden" name="league_id" value="${leagueId}" data-type="number" />`}<div class="columns">
${formField({ label: 'For how many people', name: 'max_uses', type: 'number', min: 1, max: 1000, value: 20, hint: 'So many may use the link' })}
${formField({ label: 'Expires', name: 'expires_at', type: 'time', optional: true, hint: 'Blank: in seven days' })}
</div>${
      sendsMail &&
      formField({
        label: 'Send it by e-mail to',
        name: 'emails',
        type: 'list',
        optional: true,
        hint: 'One address per line: each gets a link for one person. Left empty, you get the link to send yourself',
      })
    }${answer('url', 'The link, shown only now:')}`,
    'Invite',
  )

/** `below`: the way to the others. `leagueName`: where they may be of several leagues. */
export const invitationTable = (
  invitations: readonly InvitationView[],
  below: Content,
  leagueName?: (id: number) => string | undefined,
): Html => html`<div id="invitations">
${table({
  caption: 'Invitations, newest first',
  rows: invitations,
  key: ({ id }) => `i-${id}`,
  empty: emptyState('No invitations', 'Links you make are listed here, also after they have ended.'),
  columns: [
    { head: 'Created', names: true, cell: each => time(each.created_at) },
    { head: 'By', cell: each => (each.created_by === null ? 'the operator' : name(each.created_by)) },
    { head: 'To', cell: mailedTo },
    leagueName && {
      head: 'Joins',
      cell: ({ league_id: id }) =>
        id === null ? noValue : html`<a href="/leagues/${id}/members">${name(leagueName(id))}</a>`,
    },
    { head: 'Used', cell: each => html`${number(each.uses)} of ${number(each.max_uses)}` },
    { head: 'Expires', cell: each => time(each.expires_at) },
    { head: 'State', cell: each => badge(each.state, each.state === 'open' ? 'good' : 'quiet') },
  ],
  actions: ({ id, state, email }) =>
    state === 'open' &&
    action({
      label: 'End',
      of: `invitation ${id}${email ? ` to ${email}` : ''}`,
      look: 'danger small',
      method: 'delete',
      action: `/api/v1/invitations/${id}`,
      confirm: 'End this invitation? Its link stops working; people who have already joined stay.',
      renews: 'invitations',
      done: 'The invitation has ended',
    }),
})}
${below}</div>`

function mailedTo({ email, mailed_at, mail_error }: InvitationView): Content {
  if (email === null) return html`<span class="quiet">anyone with the link</span>`
  const how = mail_error ? badge('not mailed', 'bad') : mailed_at ? null : badge('being sent')
  return html`${email} ${how}${mail_error && html`<p class="quiet">${mail_error}</p>`}`
}
