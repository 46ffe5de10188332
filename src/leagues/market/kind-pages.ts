import { html } from '../../platform/html.ts'
import { isAtLeast } from '../../platform/http/access.ts'
import { formField } from '../../ui/parts/form.ts'
import { money, number } from '../../ui/parts/values.ts'
import { announcementFields, autoFinalizeField, configField, type KindPages, publicField } from '../kind-pages.ts'
import { signedPercent } from './gains.ts'

const announces = ['leader', 'final', 'weekly'] as const
const trade = { path: 'trade', label: 'Trade' }
const prices = { path: 'prices', label: 'Prices' }
const activity = { path: 'activity', label: 'Activity' }

export const marketKindPages: KindPages = {
  name: 'Paper trading',
  summary: 'Members trade with play money at real quotes; the board ranks total value.',
  entrants: 'Players',
  scoreName: 'Total value',
  score: value => money(value),
  metric(metric, value) {
    if (metric.endsWith('_cents')) return money(value)
    return metric.endsWith('_pct') ? signedPercent(value) : number(value)
  },
  announces,
  isMoney: column => column === 'score' || column.endsWith('_cents'),
  bestFirst: 'desc',
  membersPlay: true,
  playersAreUsers: true,
  tabs: who => (isAtLeast(who, 'member') ? [trade, prices, activity] : [prices]),
  noScores: who => ({
    text: 'The board fills as soon as somebody has joined.',
    tab: who && { path: trade.path, label: 'Start trading' },
  }),
  fields: config => html`<fieldset><legend>How it is played</legend>
<div class="columns">
${configField(config, 'starting_cash_cents', { label: 'Starting cash', type: 'cents', min: 0, value: 10_000_000 })}
${configField(config, 'fee_cents', { label: 'Fee per trade', type: 'cents', min: 0, value: 0 })}
${configField(config, 'max_position_pct', { label: 'Largest position (%)', type: 'number', optional: true, min: 1, max: 100, hint: 'Of the total value' })}
${configField(config, 'quote_max_age_s', { label: 'Max age of a quote (seconds)', type: 'number', optional: true, min: 1, hint: 'Orders on older quotes are refused' })}
</div>
${formField({ label: 'Allow short selling', name: 'config.allow_short', type: 'checkbox', value: config.allow_short === true, hint: 'Up to the value of the portfolio' })}
${publicField(config)}${autoFinalizeField(config)}
</fieldset>
${announcementFields(config, announces)}`,
}
