/** The first admin's first steps, on the page of leagues until they are done or dismissed. */
import type { Db } from '../../../db/open.ts'
import { invitations, leagues, users } from '../../../db/schema.ts'
import { areStepsDismissed, hasDisplayName } from '../../display-name/name.ts'
import { displayNameForm } from '../../display-name/routes.ts'
import { type Content, html } from '../../platform/html.ts'
import { isAtLeast } from '../../platform/http/access.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { badge } from '../../ui/parts/badges.ts'
import { action } from '../../ui/parts/form.ts'

export function firstSteps(db: Db, who: Who | undefined): Content {
  if (!isAtLeast(who, 'admin') || areStepsDismissed(db)) return null
  const isNamed = hasDisplayName(db)
  const isInvited = isAnybodyInvited(db)
  const hasLeague = hasAnyLeague(db)
  if (isNamed && isInvited && hasLeague) return null
  const step = (title: string, isDone: boolean, todo: Content) =>
    html`<li class="step"><h3>${title} ${isDone && badge('done', 'good')}</h3>${!isDone && todo}</li>`
  const steps = html`<ol class="steps">
${step('1. Name this installation', isNamed, displayNameForm(''))}
${step('2. Invite people', isInvited, html`<p>Anyone you send the link to can make an account.</p><p><a class="button" href="/invitations">Invite people</a></p>`)}
${step('3. Make the first league', hasLeague, html`<p>A name, a start, an end, and where its scores come from.</p><p><a class="button" href="/leagues/new">New league</a></p>`)}
</ol>
${action({ action: '/api/v1/place/first-steps', method: 'delete', label: 'Do not show these steps again', look: 'quiet small', done: 'The name is in the settings of the monitor; the account page leads to invitations' })}`
  if (!hasLeague)
    return html`<section class="part first-steps" aria-labelledby="first-steps"><h2 id="first-steps">Three steps to get started</h2>${steps}</section>`
  const remaining = [!isNamed && 'name this installation', !isInvited && 'invite people'].filter(Boolean).join(', ')
  return html`<details class="first-steps" id="first-steps"><summary>Still to do: ${remaining}</summary><div class="part">${steps}</div></details>`
}

const hasAnyLeague = (db: Db): boolean => db.select({ id: leagues.id }).from(leagues).limit(1).get() !== undefined

/** Or somebody has joined another way. */
const isAnybodyInvited = (db: Db): boolean =>
  db.select({ id: invitations.id }).from(invitations).limit(1).get() !== undefined ||
  db.select({ id: users.id }).from(users).limit(2).all().length > 1
