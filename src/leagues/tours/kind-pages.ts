import { type Html, html } from '../../platform/html.ts'
import { formField } from '../../ui/parts/form.ts'
import { number, toPar } from '../../ui/parts/values.ts'
import {
  announcementFields,
  autoFinalizeField,
  fieldText,
  formChoices,
  type KindPages,
  type LeagueConfig,
  partOfConfig,
  publicField,
} from '../kind-pages.ts'

const announces = ['leader', 'final', 'weekly'] as const
const entries = { path: 'entries', label: 'Entries' }

export const tourKindPages: KindPages = {
  name: 'Tour picks',
  summary: 'Members pick golfers before the deadline; the board follows the live feed.',
  entrants: 'Entries',
  scoreName: 'To par',
  score: toPar,
  metric: (metric, value) => (metric === 'today' ? toPar(value) : number(value)),
  announces,
  bestFirst: 'asc',
  hasPast: true,
  membersPlay: true,
  tabs: () => [entries],
  noScores: who => ({
    text: 'The board fills with the first entry and goes live when play starts.',
    tab: who && { path: entries.path, label: 'Make your entry' },
  }),
  fields: (config, tours = []) => html`<fieldset><legend>How it is played</legend>
<div class="columns">
${formField({ label: 'Tour', name: 'config.tour', value: fieldText(config.tour), placeholder: tours[0] ?? 'pga', list: 'tours', hint: html`The short name of one of the <a href="/tours">tours</a>${tours.length > 0 ? html`: ${tours.slice(0, 10).join(', ')}${tours.length > 10 && ' …'}` : '; there is none yet'}` })}
<datalist id="tours">${tours.map(slug => html`<option value="${slug}"></option>`)}</datalist>
${formField({ label: 'Event', name: 'config.event', optional: true, value: fieldText(config.event), hint: 'Its name or id on the feed; blank = the event the feed shows' })}
${formField({ label: 'Picks', name: 'config.picks', type: 'number', min: 1, max: 50, value: fieldText(config.picks) ?? 6 })}
${formField({ label: 'Best that count', name: 'config.best', type: 'number', min: 1, max: 50, value: fieldText(config.best) ?? 4 })}
</div>
<fieldset><legend>Groups</legend>
${formField({
  label: 'One pick from each group',
  name: 'config.groups.by',
  type: 'select',
  optional: true,
  value: fieldText(partOfConfig(config.groups).by) ?? '',
  choices: formChoices({
    '': 'no groups, or the groups named below',
    odds: 'the field by odds',
    rank: 'the field by world rank',
  }),
  hint: 'As many groups as picks, the favourites in the first. Odds and ranks come from the feed or from a field entered by hand',
})}
${groupRows(partOfConfig(config.groups).lists)}
</fieldset>
${formField({ label: 'Deadline for picks', name: 'config.deadline', type: 'time', optional: true, value: fieldText(config.deadline), hint: 'Blank: the first tee time' })}
<div class="columns">
${formField({
  label: 'Missed cut',
  name: 'config.missed_cut.rule',
  type: 'select',
  value: fieldText(partOfConfig(config.missed_cut).rule) ?? 'actual',
  choices: formChoices({
    actual: 'keep their score',
    worst: 'worst score still in, plus penalty strokes',
    plus: 'their score, plus penalty strokes',
  }),
})}
${formField({ label: 'Penalty strokes', name: 'config.missed_cut.strokes', type: 'number', optional: true, min: 0, value: fieldText(partOfConfig(config.missed_cut).strokes) })}
${formField({
  label: 'Tiebreaker',
  name: 'config.tiebreak',
  type: 'select',
  value: fieldText(config.tiebreak) ?? 'guess',
  choices: formChoices({ guess: 'the nearest guess', best_pick: 'the best pick' }),
})}
${formField({ label: 'Max entries per member', name: 'config.max_entries', type: 'number', min: 1, max: 1000, value: fieldText(config.max_entries) ?? 10 })}
</div>
${publicField(config)}${autoFinalizeField({ auto_finalize: true, ...config }, 'Finalise automatically when the feed says the event is over')}
</fieldset>
${announcementFields(config, announces)}`,
}

/** The existing groups, and some empty rows. */
function groupRows(given: unknown): Html {
  const lists = Array.isArray(given) ? given.map(partOfConfig) : []
  const rows = [...lists, {}, {}, ...Array.from({ length: Math.max(0, 2 - lists.length) }, () => ({}))].slice(0, 26)
  return html`<details${lists.length > 0 && html` open`}><summary>Name the groups</summary>
${rows.map(
  ({ name, players }: LeagueConfig, i) => html`<div class="columns">
${formField({ label: `Group ${i + 1}`, name: `config.groups.lists.${i}.name`, optional: true, maxlength: 40, value: fieldText(name) })}
${formField({ label: 'Golfers, one per line', name: `config.groups.lists.${i}.players`, type: 'list', optional: true, value: Array.isArray(players) ? players.join('\n') : undefined })}
</div>`,
)}</details>`
}
