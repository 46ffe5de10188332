import { html } from '../../platform/html.ts'
import { isAtLeast } from '../../platform/http/access.ts'
import { formField } from '../../ui/parts/form.ts'
import { number } from '../../ui/parts/values.ts'
import { autoFinalizeField, choices, fieldText, type KindPages, publicField } from '../kind-pages.ts'

const uploads = { path: 'uploads', label: 'Uploads' }

export const sheetKindPages: KindPages = {
  name: 'Sheets',
  summary: 'Officers upload a baseline and then current sheets; the board ranks what was gained.',
  entrants: 'Players',
  scoreName: 'Score',
  score: value => number(value),
  metric: (_, value) => number(value),
  first: 'desc',
  scoreBars: true,
  hasPast: true,
  hasGains: true,
  tabs: who => (isAtLeast(who, 'member') ? [uploads] : []),
  noScores: who => ({
    text: 'Upload a baseline sheet, then a current one. The board ranks what was gained in between.',
    tab: isAtLeast(who, 'officer') ? { path: uploads.path, label: 'Upload a file' } : undefined,
  }),
  fields: config => html`<fieldset><legend>How it scores</legend>
${formField({
  label: 'Weights',
  name: 'config.weights',
  type: 'pairs',
  optional: true,
  value: pairs(config.weights),
  placeholder: 'kills_t4 10\nkills_t5 30\ndeads 80',
  hint: 'One metric and its weight per line. Without weights the score is the gain in kill points, else in power.',
})}
<div class="columns">
${formField({
  label: 'Score counts',
  name: 'config.score_on',
  type: 'select',
  value: fieldText(config.score_on) ?? 'gains',
  choices: choices({ gains: 'what was gained', current: 'current values' }),
})}
${formField({
  label: 'Tiers by',
  name: 'config.classify_by',
  type: 'select',
  value: fieldText(config.classify_by) ?? 'percentile',
  choices: choices({ percentile: 'percentile', score: 'score', goal: 'percent of a goal' }),
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
${formField({ label: 'Webhook', name: 'config.webhook_url', type: 'url', optional: true, value: fieldText(config.webhook_url), hint: 'Posts updates to a Discord or Slack webhook' })}
${publicField(config)}${autoFinalizeField(config)}
</fieldset>`,
}

const pairs = (value: unknown) =>
  typeof value === 'object' && value !== null
    ? Object.entries(value)
        .map(([key, number]) => `${key} ${number}`)
        .join('\n')
    : undefined
const json = (value: unknown) => (value === undefined ? undefined : JSON.stringify(value, null, 2))
