import type { Kind } from '../../../db/schema.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import { isAtLeast } from '../../platform/http/access.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { action, form, formField } from '../../ui/parts/form.ts'
import { moment } from '../../ui/parts/values.ts'
import type { LeagueView } from '../league.ts'
import { leagueHead } from './league-head.ts'
import { kindNames } from './words.ts'

const kindTexts: Record<Kind, string> = {
  sheet: 'Officers upload a baseline and then current sheets; the board ranks what was gained.',
  tour: 'Members pick golfers before the deadline; the board follows the live feed.',
  market: 'Members trade with play money at real quotes; the board ranks total value.',
}

export function newLeagueBody(kind: Kind, kinds: readonly Kind[]): Html {
  return html`<header class="head"><h1>New league</h1></header>
<nav class="cards" aria-label="Kind of league">${kinds.map(
    each =>
      html`<a href="/leagues/new?kind=${each}"${each === kind && html` aria-current="true"`}><strong>${kindNames[each]}</strong> <span>${kindTexts[each]}</span></a>`,
  )}</nav>
${form(
  { action: '/api/v1/leagues', goTo: '/leagues/{id}', done: 'The league is made' },
  html`<input type="hidden" name="kind" value="${kind}" />${whenAndWhat()}${rules[kind]({})}`,
  'Make the league',
)}`
}

export function settingsBody(league: LeagueView, who: Who | undefined): Html {
  const api = `/api/v1/leagues/${league.id}`
  const isFrozen = league.finalized_at !== null
  return html`${leagueHead({ league, who, tab: 'settings' })}
<section class="part">
<h2>Settings</h2>
${isFrozen && html`<p>This league is final since ${moment(league.finalized_at)}: only its name can still change.</p>`}
${form(
  { action: api, method: 'patch', done: 'Saved' },
  html`${whenAndWhat(league, isFrozen)}${!isFrozen && rules[league.kind](league.config)}`,
  'Save',
)}
</section>
<section class="part">
<h2>Ending it</h2>
<div class="steps">
${
  !isFrozen &&
  step(
    'Finalise',
    'Freezes the board as it is now, for good.',
    action({
      label: 'Finalise the board',
      action: `${api}/finalize`,
      confirm: `Freeze the board of ${league.name}? It will never change again.`,
      done: 'The board is final',
    }),
  )
}
${
  isFrozen &&
  isAtLeast(who, 'admin') &&
  step(
    'Reopen',
    'Makes the board live again. From then on the league is finalised by hand.',
    action({
      label: 'Reopen the league',
      danger: true,
      action: `${api}/reopen`,
      confirm: `Reopen ${league.name}? Its frozen board is thrown away.`,
      done: 'The board is live again',
    }),
  )
}
${step(
  league.status === 'archived' ? 'Out of the archive' : 'Archive',
  'An archived league can be read as before, but is no longer listed among the others.',
  action({
    label: league.status === 'archived' ? 'Bring it back' : 'Archive it',
    method: 'patch',
    action: api,
    body: { archived: league.status !== 'archived' },
    done: league.status === 'archived' ? 'It is listed again' : 'Archived',
  }),
)}
<details class="step"><summary>Delete</summary>
<p>Removes the league and all of it: boards, uploads, entries and trades. There is no way back.</p>
${form(
  { action: api, method: 'delete', goTo: '/', done: 'The league is deleted' },
  formField({
    label: `Write its name, ${league.name}, to confirm`,
    name: 'name',
    id: 'f-confirm',
    autocomplete: 'off',
  }),
  'Delete for good',
)}
</details>
</div>
</section>`
}

const step = (title: string, text: string, button: Html): Html =>
  html`<div class="step"><h3>${title}</h3><p class="quiet">${text}</p>${button}</div>`

function whenAndWhat(league?: LeagueView, isFrozen = false): Html {
  const name = formField({ label: 'Name', name: 'name', value: league?.name, maxlength: 120, autofocus: !league })
  if (isFrozen) return name
  return html`${name}<div class="columns">
${formField({ label: 'Starts', name: 'starts_at', type: 'time', value: league?.starts_at })}
${formField({ label: 'Ends', name: 'ends_at', type: 'time', value: league?.ends_at, hint: 'Your time zone' })}
</div>`
}

type Settings = Record<string, unknown>
const part = (value: unknown): Settings => (typeof value === 'object' && value !== null ? { ...value } : {})
const text = (value: unknown) => (typeof value === 'string' || typeof value === 'number' ? value : undefined)
const pairs = (value: unknown) =>
  typeof value === 'object' && value !== null
    ? Object.entries(value)
        .map(([key, number]) => `${key} ${number}`)
        .join('\n')
    : undefined
const json = (value: unknown) => (value === undefined ? undefined : JSON.stringify(value, null, 2))
const isPublic = (config: Settings) =>
  formField({
    label: 'Everyone may see it',
    name: 'config.public',
    type: 'checkbox',
    value: config.public !== false,
    hint: 'Otherwise only who is signed in, whatever PUBLIC_BOARDS says',
  })
const autoFinalize = (config: Settings, label = 'Finalise by itself when it ends') =>
  formField({
    label,
    name: 'config.auto_finalize',
    type: 'checkbox',
    value: config.auto_finalize === true,
  })

/** What each kind of league lets its officers decide. */
const rules: Record<Kind, (config: Settings) => Content> = {
  sheet: config => html`<fieldset><legend>How it scores</legend>
${formField({
  label: 'Weights',
  name: 'config.weights',
  type: 'pairs',
  optional: true,
  value: pairs(config.weights),
  placeholder: 'kills_t4 10\nkills_t5 30\ndeads 80',
  hint: 'One metric and its weight a line. Without weights the score is the gain in kill points, else in power.',
})}
<div class="columns">
${formField({
  label: 'Over',
  name: 'config.score_on',
  type: 'select',
  value: text(config.score_on) ?? 'gains',
  choices: [
    { value: 'gains', label: 'what was gained' },
    { value: 'current', label: 'current values' },
  ],
})}
${formField({
  label: 'Tiers by',
  name: 'config.classify_by',
  type: 'select',
  value: text(config.classify_by) ?? 'percentile',
  choices: [
    { value: 'percentile', label: 'percentile' },
    { value: 'score', label: 'score' },
    { value: 'goal', label: 'percent of a goal' },
  ],
})}
</div>
${formField({
  label: 'Tiers',
  name: 'config.tiers',
  type: 'json',
  optional: true,
  value: json(config.tiers),
  placeholder: '[{ "name": "elite", "min": 90 }, { "name": "steady", "min": 40 }]',
  hint: 'Without them: elite from 90, strong 70, steady 40, reserve 10, idle below.',
})}
${formField({ label: 'Goal', name: 'config.goal', type: 'json', optional: true, value: json(config.goal), placeholder: '{ "per_power": 0.5 }', hint: 'A number, or a share of baseline power' })}
${formField({ label: 'Webhook', name: 'config.webhook_url', type: 'url', optional: true, value: text(config.webhook_url), hint: 'Told of every new board, in the manner of Discord and Slack' })}
${isPublic(config)}${autoFinalize(config)}
</fieldset>`,
  tour: config => html`<fieldset><legend>How it is played</legend>
<div class="columns">
${formField({ label: 'Tour', name: 'config.tour', value: text(config.tour), placeholder: 'pga', hint: html`The short name of one of the <a href="/tours">tours</a>` })}
${formField({ label: 'Event', name: 'config.event', optional: true, value: text(config.event), hint: 'Its name or id on the feed; without it, what the feed is on' })}
${formField({ label: 'Picks', name: 'config.picks', type: 'number', min: 1, max: 50, value: text(config.picks) ?? 6 })}
${formField({ label: 'Best that count', name: 'config.best', type: 'number', min: 1, max: 50, value: text(config.best) ?? 4 })}
</div>
${formField({ label: 'Deadline for picks', name: 'config.deadline', type: 'time', optional: true, value: text(config.deadline), hint: 'Your time zone; without it, the first tee time' })}
<div class="columns">
${formField({
  label: 'Who misses the cut counts',
  name: 'config.missed_cut.rule',
  type: 'select',
  value: text(part(config.missed_cut).rule) ?? 'actual',
  choices: [
    { value: 'actual', label: 'as he stands' },
    { value: 'worst', label: 'as the worst still in, plus' },
    { value: 'plus', label: 'as he stands, plus' },
  ],
})}
${formField({ label: 'Strokes on top', name: 'config.missed_cut.strokes', type: 'number', optional: true, min: 0, value: text(part(config.missed_cut).strokes) })}
${formField({
  label: 'Ties are settled by',
  name: 'config.tiebreak',
  type: 'select',
  value: text(config.tiebreak) ?? 'guess',
  choices: [
    { value: 'guess', label: 'the nearest guess' },
    { value: 'best_pick', label: 'the best pick' },
  ],
})}
${formField({ label: 'Entries a member', name: 'config.max_entries', type: 'number', min: 1, max: 1000, value: text(config.max_entries) ?? 10 })}
</div>
${isPublic(config)}${autoFinalize({ auto_finalize: true, ...config }, 'Finalise by itself when the feed says that it is over')}
</fieldset>`,
  market: config => html`<fieldset><legend>How it is played</legend>
<div class="columns">
${formField({ label: 'Starting cash', name: 'config.starting_cash_cents', type: 'cents', min: 0, value: text(config.starting_cash_cents) ?? 10_000_000 })}
${formField({ label: 'Fee per trade', name: 'config.fee_cents', type: 'cents', min: 0, value: text(config.fee_cents) ?? 0 })}
${formField({ label: 'Largest position', name: 'config.max_position_pct', type: 'number', optional: true, min: 1, max: 100, value: text(config.max_position_pct), hint: 'Percent of total value' })}
${formField({ label: 'Oldest quote', name: 'config.quote_max_age_s', type: 'number', optional: true, min: 1, value: text(config.quote_max_age_s), hint: 'Seconds; an older one is refused' })}
</div>
${formField({ label: 'Selling short is allowed', name: 'config.allow_short', type: 'checkbox', value: config.allow_short === true, hint: 'What is owed may be worth as much as the portfolio' })}
${isPublic(config)}${autoFinalize(config)}
</fieldset>`,
}
