/** Sites: the list, and one site with its clock, its rest and its rules. */
import { type Content, type Html, html } from '../platform/html.ts'
import { action, form, formField } from '../ui/parts/form.ts'
import { emptyState } from '../ui/parts/notices.ts'
import { table } from '../ui/parts/table.ts'
import { about, countLink, name, number } from '../ui/parts/values.ts'
import { shiftsAddress } from './rota-layout.ts'
import { rulesFields, rulesSentences } from './rules-fields.ts'
import type { Site } from './site.ts'

type SiteWithShifts = Site & { shifts: number }

const shiftsLink = ({ id, shifts }: SiteWithShifts): Content => countLink(shifts, shiftsAddress({ site_id: id }))

export function sitesBody(sites: readonly SiteWithShifts[]): Html {
  return html`${table<SiteWithShifts>({
    caption: 'Sites',
    rows: sites,
    columns: [
      { head: 'Site', names: true, cell: site => html`<a href="/rota?site_id=${site.id}">${name(site.name)}</a>` },
      { head: 'Time zone', cell: site => site.timezone },
      { head: 'Shifts', numeric: true, cell: shiftsLink },
      { head: 'Rest between shifts', numeric: true, cell: site => html`${number(site.restHours)} h` },
      {
        head: 'Rules of work',
        cell: ({ rules }) => {
          const sentences = rulesSentences(rules)
          return sentences.length ? html`<ul class="items">${sentences}</ul>` : html`<span class="quiet">none</span>`
        },
      },
    ],
    actions: site => html`<a class="button small quiet" href="/rota/sites/${site.id}">Change${about(site.name)}</a>`,
    empty: emptyState(
      'No sites yet',
      'A site is a location with its own time zone, such as a hall. Shifts take place there.',
    ),
  })}
<section class="part"><h2>New site</h2>
${form({ action: '/api/v1/roster/sites', done: 'The site has been made' }, siteFields(), 'Make the site')}</section>`
}

export function siteBody(site: SiteWithShifts): Html {
  const api = `/api/v1/roster/sites/${site.id}`
  return html`<section class="part">
${form({ action: api, method: 'put', goTo: '/rota/sites', done: 'Saved' }, [siteFields(site), rulesFields(site.rules, { isSite: true })], 'Save')}
<div class="steps"><div class="step"><h2>Delete</h2><p class="quiet">Deletes its ${shiftsLink(site)} shifts with everyone assigned to them.</p>
${action({ label: 'Delete for good', look: 'danger', method: 'delete', action: `${api}?confirm=true`, confirm: `Delete ${site.name}? Its ${site.shifts === 1 ? 'shift is' : `${site.shifts} shifts are`} deleted too, and everyone on them loses the shift.`, goTo: '/rota/sites', done: 'Deleted' })}</div></div>
</section>`
}

const siteFields = (site?: Site): Html => html`<div class="columns">
${formField({ label: 'Name', name: 'name', maxlength: 80, value: site?.name })}
${formField({ label: 'Time zone', name: 'timezone', value: site?.timezone ?? 'Europe/Berlin', maxlength: 60, hint: 'Such as Europe/Berlin or America/New_York' })}
${formField({ label: 'Rest between shifts (hours)', name: 'rest_hours', type: 'number', min: 0, max: 48, step: 'any', value: site?.restHours ?? 10 })}
${formField({
  label: 'Swaps',
  name: 'swaps',
  type: 'select',
  value: site?.swaps ?? 'officer',
  choices: {
    officer: 'An officer approves them',
    rules: 'Made at once if the rules allow; exchanges wait for an officer',
  },
})}</div>`
