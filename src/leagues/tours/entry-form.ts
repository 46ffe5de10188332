/** The form that makes or changes an entry: a searchable list of the field, and the chosen golfers. Works without script. */
import { csrfInput } from '../../accounts/csrf.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { counted } from '../../platform/number-text.ts'
import { form, formField } from '../../ui/parts/form.ts'
import { name, number, time } from '../../ui/parts/values.ts'
import type { TourRules } from './config.ts'
import { type Golfer, isOut } from './feeds/board.ts'
import type { PickGroup } from './groups.ts'
import type { Picks } from './picks.ts'
import { byStrength, type Ratings } from './ratings.ts'

/** A form sent without script that was refused; the page says why, also if it no longer shows the form. */
export type RefusedEntry = { name?: string; picks: readonly string[]; tiebreaker?: number | null; message: string }

type EntryForm = {
  leagueId: number
  rules: TourRules
  picking: Picks
  who: Who
  /** How many entries they have. */
  entered: number
  /** The entry that is being changed. */
  editing?: { id: number; name: string; picks: string[] | null; tiebreaker: number | null }
  refused?: RefusedEntry
}

export function entryForm({ leagueId, rules, picking, who, entered, editing, refused }: EntryForm): Html {
  const path = `/leagues/${leagueId}/entries${editing ? `/${editing.id}` : ''}`
  const given = refused ?? editing
  const chosen = new Set(given?.picks ?? [])
  return html`<section class="part" id="entry">
<h2>${editing ? html`Change ${name(editing.name)}` : entered > 0 ? 'Make another entry' : 'Make your entry'}</h2>
<p>${howMany(rules, picking)} Lower is better. Picks can be changed until they close, ${time(picking.closesAt)}.</p>
${form(
  {
    method: editing ? 'put' : 'post',
    action: `/api/v1${path}`,
    plain: path,
    goTo: `/leagues/${leagueId}/entries`,
    done: editing ? 'Changed' : 'You are in',
  },
  html`${csrfInput(who)}
${formField({ label: 'Team name', name: 'name', optional: true, maxlength: 60, value: given?.name, hint: 'Shown on the board; blank = your name' })}
${chooser(rules, picking, chosen)}
${
  rules.tiebreak === 'guess' &&
  formField({
    label: 'Guess the winning score, to par',
    name: 'tiebreaker',
    type: 'number',
    optional: true,
    min: -99,
    max: 199,
    value: given?.tiebreaker,
    hint: 'Such as −12. The nearest guess breaks ties',
  })
}`,
  editing ? 'Save' : 'Enter',
)}
</section>`
}

const howMany = ({ picks, best }: TourRules, { groups }: Picks): Html =>
  groups
    ? html`One golfer from each of the ${number(groups.groups.length)} groups; the best ${number(best)} count.`
    : html`${counted(picks, 'pick')}, the best ${number(best)} count.`

function chooser({ picks }: TourRules, { board, ratings, groups }: Picks, chosen: ReadonlySet<string>): Html {
  const golfers = byStrength(
    (board?.golfers ?? []).filter(golfer => !isOut(golfer)),
    ratings,
  )
  return html`<div class="chooser" data-chooser="${picks}">
<div class="choose">
<input type="search" class="needs-js" data-find-golfer placeholder="Search golfers" aria-label="Search golfers" aria-describedby="find-hint" autocomplete="off" />
<p class="hint needs-js" id="find-hint">Enter picks the first match; the arrow keys move through the list.</p>
<div class="golfers" data-golfers tabindex="-1">${
    groups
      ? groups.groups.map((group, i) => groupList(group, i, golfers, ratings, chosen))
      : html`<ul>${golfers.map(golfer => choice(golfer, ratings, chosen))}</ul>`
  }
<p class="none" data-nobody hidden>Nobody with that name plays.</p></div>
</div>
<aside class="chosen needs-js" aria-label="Your picks"><h3>Your picks</h3><p role="status" data-chosen-count></p><ol data-chosen></ol></aside>
</div>`
}

function groupList(
  { name: called, players }: PickGroup,
  i: number,
  golfers: readonly Golfer[],
  ratings: Ratings,
  chosen: ReadonlySet<string>,
): Html {
  const id = `f-picks-${i}`
  const members = golfers.filter(({ player_id }) => players.has(player_id))
  return html`<fieldset data-group="${called}"><legend>Group ${name(called)}</legend>
<p class="error" id="${id}-error" hidden></p>
<ul>${members.map((golfer, n) => choice(golfer, ratings, chosen, { i, id: n === 0 ? id : undefined }))}</ul></fieldset>`
}

/** A checkbox, or in a group a radio button. */
function choice(
  golfer: Golfer,
  ratings: Ratings,
  chosen: ReadonlySet<string>,
  group?: { i: number; id: string | undefined },
): Html {
  const input = group
    ? html`type="radio" name="picks[${group.i}]"${group.id && html` id="${group.id}"`}`
    : html`type="checkbox" name="picks[]" data-type="choice"`
  return html`<li><label><input ${input} value="${golfer.player_id}"${chosen.has(golfer.player_id) && html` checked`} /> ${name(golfer.name)}${strength(golfer, ratings)}</label></li>`
}

function strength({ player_id }: Golfer, ratings: Ratings): Content {
  const { rank = null, odds = null } = ratings.get(player_id) ?? {}
  if (rank === null && odds === null) return null
  return html` <small>${odds !== null && html`odds ${number(odds)}`}${odds !== null && rank !== null && ' · '}${rank !== null && html`rank ${number(rank)}`}</small>`
}
