import { type Html, html } from '../../platform/html.ts'
import { formField } from '../../ui/parts/form.ts'
import { number, toPar } from '../../ui/parts/values.ts'
import {
  announcementFields,
  autoFinalizeField,
  configField,
  fieldText,
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
    tab: who && { path: entries.path, label: 'See the entries' },
  }),
  fields: (config, tours = []) => html`<fieldset><legend>How it is played</legend>
<div class="columns">
${configField(config, 'tour', { label: 'Tour', value: tours.length === 1 ? tours[0] : undefined, placeholder: tours[0] ?? 'pga', list: 'tours', hint: tours.length > 0 ? html`The short name of one of the <a href="/tours">tours</a>: ${tours.slice(0, 10).join(', ')}${tours.length > 10 && ' …'}` : html`There is no tour yet: <a href="/tours">make one first</a>` })}
<datalist id="tours">${tours.map(slug => html`<option value="${slug}"></option>`)}</datalist>
${configField(config, 'event', { label: 'Event', optional: true, hint: 'Its name or id on the feed; blank = the event the feed shows' })}
${configField(config, 'picks', { label: 'Picks', type: 'number', min: 1, max: 50, value: 6 })}
${configField(config, 'best', { label: 'Best that count', type: 'number', min: 1, max: 50, value: 4 })}
</div>
<fieldset><legend>Groups</legend>
${configField(config, 'groups.by', {
  label: 'One pick from each group',
  type: 'select',
  optional: true,
  value: '',
  choices: {
    '': 'no groups, or the groups named below',
    odds: 'the field by odds',
    rank: 'the field by world rank',
  },
  hint: 'As many groups as picks, the favourites in the first. Odds and ranks come from the feed or from a field entered by hand',
})}
${pickGroupRows(partOfConfig(config.groups).lists)}
</fieldset>
${configField(config, 'deadline', { label: 'Deadline for picks', type: 'time', optional: true, hint: 'Blank: the first tee time' })}
<div class="columns">
${configField(config, 'missed_cut.rule', {
  label: 'Missed cut',
  type: 'select',
  value: 'actual',
  choices: {
    actual: 'keep their score',
    worst: 'worst score still in, plus penalty strokes',
    plus: 'their score, plus penalty strokes',
  },
})}
${configField(config, 'missed_cut.strokes', { label: 'Penalty strokes', type: 'number', optional: true, min: 0 })}
${configField(config, 'tiebreak', {
  label: 'Tiebreaker',
  type: 'select',
  value: 'guess',
  choices: { guess: 'the nearest guess', best_pick: 'the best pick' },
})}
${configField(config, 'max_entries', { label: 'Max entries per member', type: 'number', min: 1, max: 1000, value: 10 })}
</div>
${publicField(config)}${autoFinalizeField({ auto_finalize: true, ...config }, 'Finalise automatically when the feed says the event is over')}
</fieldset>
${announcementFields(config, announces)}`,
}

/** The existing groups, and some empty rows. */
function pickGroupRows(given: unknown): Html {
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
