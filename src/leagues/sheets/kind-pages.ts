import { GOAL_COLUMN, gainColumn } from '../../leaderboard/page.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import { isAtLeast } from '../../platform/http/access.ts'
import { formField } from '../../ui/parts/form.ts'
import { orderedChecks } from '../../ui/parts/ordered-checks.ts'
import { number } from '../../ui/parts/values.ts'
import { labelColumn } from '../columns.ts'
import { columnName, type Headings, metricName } from '../headings.ts'
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
import { metricNamed } from './reading/headers.ts'

const totalsTab = { path: 'totals', label: 'Totals' }
const announcementsOffered = ['board', 'final', 'weekly'] as const
const uploadsTab = { path: 'uploads', label: 'Uploads' }
const marksTab = { path: 'marks', label: 'Marks' }

export const sheetKindPages: KindPages = {
  name: 'Sheets',
  summary: 'Officers upload a baseline and then current sheets; the board ranks gains.',
  entrants: 'Players',
  scoreName: 'Score',
  score: value => number(value),
  metric: (_, value) => number(value),
  bestFirst: 'desc',
  announces: announcementsOffered,
  scoreBars: true,
  hasPast: true,
  hasGains: true,
  tabs: who => [totalsTab, ...(isAtLeast(who, 'officer') ? [uploadsTab, marksTab] : [])],
  noScores: who => ({
    text: 'The board ranks the gains between a baseline sheet and a current one.',
    tab: isAtLeast(who, 'officer') ? { path: uploadsTab.path, label: 'Upload a file' } : undefined,
  }),
  fields: (config, seen = [], labels = [], headings = undefined) => html`<fieldset><legend>How it scores</legend>
${formField({
  label: 'Weights',
  name: 'config.weights',
  type: 'pairs',
  optional: true,
  value: pairsText(config.weights, headings),
  placeholder: 'T4 Kills 10\nT5 Kills 30\nDeads 80',
  hint: html`One metric and its weight per line, named as in the sheets. Without weights the score is the gain in kill points, else in power.${seen.length > 0 && html` The sheets have ${seen.map(metric => metricName(metric, headings)).join(', ')}.`}`,
})}
${configField(config, 'score_on', {
  label: 'Score counts',
  type: 'select',
  value: 'gains',
  choices: { gains: 'gains', current: 'current values' },
})}
<details${Boolean(config.tiers || (config.classify_by ?? 'percentile') !== 'percentile') && html` open`}><summary>Tiers</summary>
${configField(config, 'classify_by', {
  label: 'Tiers by',
  type: 'select',
  value: 'percentile',
  choices: { percentile: 'percentile', score: 'score', goal: 'percent of a goal' },
})}
<p class="hint">A name and the lowest percent, or score, of the tier. Without rows: elite from 90, strong 70, steady 40, reserve 10, idle below.</p>
${tierRows(config.tiers)}
</details>
<details${Boolean(config.goal || config.goals) && html` open`}><summary>Goals</summary>
<p class="hint">Targets for players whose baseline power is from one number to below another; leave both empty for everyone. One metric, or score, and its target per line. The board shows how much each player has reached, in percent.</p>
${goalRows(config.goals, headings)}
<div class="columns">
${configField(config, 'goal', {
  label: 'Or one goal: the score everyone should reach',
  type: 'number',
  step: 'any',
  min: 0,
  optional: true,
})}
${configField(config, 'goal.per_power', {
  label: 'Or a goal for each point of baseline power',
  type: 'number',
  step: 'any',
  min: 0,
  optional: true,
  hint: '0.5: half of their baseline power',
})}
</div>
</details>
${configField(config, 'sort', {
  label: 'Ranked by',
  optional: true,
  list: 'seen-metrics',
  placeholder: 'score',
  hint: 'score, a metric, its gain (deads.gain), or the percent of the goal (goal_pct)',
})}
<datalist id="seen-metrics">${['score', ...seen.flatMap(metric => [metric, gainColumn(metric)])].map(each => html`<option value="${each}">${columnName(each, 'Score', headings)}</option>`)}</datalist>
${columnFields(config, seen, labels, headings)}
${publicField(config)}${autoFinalizeField(config)}
</fieldset>
${announcementFields(config, announcementsOffered)}`,
}

/** A metric as the board calls it, where the form reads that back as the same metric; `score` of a goal stays. */
function pairName(metric: string, headings: Headings | undefined): string {
  const name = metricName(metric, headings)
  return headings?.[metric] !== undefined || metricNamed(name) === metric ? name : metric
}

const pairsText = (value: unknown, headings: Headings | undefined) =>
  typeof value === 'object' && value !== null
    ? Object.entries(value)
        .map(([metric, number]) => `${pairName(metric, headings)} ${number}`)
        .join('\n')
    : undefined

/** The columns of its sheets, chosen ones first. */
function columnFields(
  { columns, goal, goals }: LeagueConfig,
  seen: readonly string[],
  labels: readonly string[],
  headings: Headings | undefined,
): Content {
  if (seen.length === 0) return null
  const chosen = Array.isArray(columns) ? columns.filter(column => typeof column === 'string') : []
  const available = [
    ...['score', 'tier', ...(goal || goals ? [GOAL_COLUMN] : [])],
    ...labels.map(labelColumn),
    ...seen,
    ...seen.map(gainColumn),
  ]
  return html`<details${chosen.length > 0 && html` open`}><summary>Columns of the board</summary>
${orderedChecks({
  label: 'Columns that readers see',
  name: 'config.columns',
  hint: 'Tick the columns to show and put them in order. If none is ticked, all are shown, each gain next to its metric. Readers can choose their own.',
  choices: [...new Set([...chosen, ...available])].map(column => ({
    value: column,
    label: columnName(column, 'Score', headings),
    ticked: chosen.includes(column),
  })),
})}</details>`
}

/** The existing tiers, and a few empty rows. */
function tierRows(given: unknown): Html {
  const tiers = Array.isArray(given) ? given.map(partOfConfig) : []
  const rows = [...tiers, {}, {}, ...Array.from({ length: Math.max(0, 3 - tiers.length) }, () => ({}))]
  return html`${rows.slice(0, 20).map(
    ({ name, min }: LeagueConfig, i) => html`<div class="columns pair">
${formField({ label: `Tier ${i + 1}`, name: `config.tiers.${i}.name`, optional: true, maxlength: 40, value: fieldText(name) })}
${formField({ label: 'From', name: `config.tiers.${i}.min`, type: 'number', step: 'any', optional: true, value: fieldText(min) })}
</div>`,
  )}`
}

/** The existing goals, and some empty rows. */
function goalRows(given: unknown, headings: Headings | undefined): Html {
  const goals = Array.isArray(given) ? given.map(partOfConfig) : []
  const power = (label: string, name: string, value: unknown) =>
    formField({ label, name, type: 'number', step: 'any', min: 0, optional: true, value: fieldText(value) })
  return html`${[...goals, {}, {}].slice(0, 20).map(
    ({ from, to, targets }: LeagueConfig, i) => html`<div class="columns">
${power(`Goal ${i + 1}: from power`, `config.goals.${i}.from`, from)}
${power('To power', `config.goals.${i}.to`, to)}
${formField({ label: 'Targets', name: `config.goals.${i}.targets`, type: 'pairs', optional: true, value: pairsText(targets, headings), placeholder: 'Kill points 5000000\nDeads 200000' })}
</div>`,
  )}`
}
