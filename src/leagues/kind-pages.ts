import { type Content, type Html, html } from '../platform/html.ts'
import type { Who } from '../platform/http/request-context.ts'
import { type FormField, formField } from '../ui/parts/form.ts'
import type { SortOrder } from '../ui/parts/table.ts'
import { type Announcement, announcementLabels, isWanted } from './announcements.ts'
import type { Headings } from './headings.ts'

/** What a kind of league brings to the pages that all leagues share: its words, the format of scores, its tabs and form fields. */
export type KindPages = {
  name: string
  /** Helps to choose the kind of a new league. */
  summary: string
  /** What the rows of the board are, in the plural. */
  entrants: string
  scoreName: string
  score(value: number | null): Content
  metric(metric: string, value: number | null): Content
  /** Whether the score or a metric is money, in cents. Exports have it in currency units too. */
  isMoney?(column: string): boolean
  bestFirst: SortOrder
  /** A bar under each score shows its share of the best one. */
  scoreBars?: true
  /** The board can be shown as of an earlier time. */
  hasPast?: true
  /** Rows show the gain in each metric, and the board can be ranked by gains and counted from any scan. */
  hasGains?: true
  /** Members join, and play under their own name. */
  membersPlay?: true
  /** Player ids of the board are user ids. */
  playersAreUsers?: true
  /** The announcements its webhook can get. */
  announces: readonly Announcement[]
  /** Besides the board and the settings, which every league has. */
  tabs(who: Who | undefined): Tab[]
  /** An empty board: what fills it, and where the reader can do so. */
  noScores(who: Who | undefined): { text: string; tab: Tab | undefined }
  /** The form fields of `config`. `offered`: the metrics of its sheets, or the tours there are; `labels`: of its players. */
  fields(config: LeagueConfig, offered?: readonly string[], labels?: readonly string[], headings?: Headings): Content
}

/** A page of a league, at `/leagues/:id/<path>`. */
export type Tab = { path: string; label: string }

export type LeagueConfig = Record<string, unknown>

/** Values of a config as a form field takes them. */
export const partOfConfig = (value: unknown): LeagueConfig =>
  typeof value === 'object' && value !== null ? { ...value } : {}
export const fieldText = (value: unknown) =>
  typeof value === 'string' || typeof value === 'number' ? value : undefined

const valueAt = (config: LeagueConfig, path: string): unknown =>
  path.split('.').reduce<unknown>((part, key) => partOfConfig(part)[key], config)

/** A form field of a text or number in the config, such as `missed_cut.rule`. `value`: for a config without it. */
export const configField = (config: LeagueConfig, path: string, { value, ...field }: Omit<FormField, 'name'>): Html =>
  formField({ ...field, name: `config.${path}`, value: fieldText(valueAt(config, path)) ?? value })

export const publicField = (config: LeagueConfig) =>
  formField({
    label: 'Everyone may see and join it',
    name: 'config.public',
    type: 'checkbox',
    value: config.public !== false,
    hint: 'Otherwise only members see it, and officers add them',
  })

export const autoFinalizeField = (config: LeagueConfig, label = 'Finalise by itself when it ends') =>
  formField({ label, name: 'config.auto_finalize', type: 'checkbox', value: config.auto_finalize === true })

/** For kinds with announcements. The address is not a url field because a set address is shown masked. */
export const announcementFields = (
  config: LeagueConfig,
  offered: readonly Announcement[],
) => html`<fieldset><legend>Announcements</legend>
${configField(config, 'webhook_url', { label: 'Webhook', optional: true, hint: 'Posts updates to a Discord or Slack webhook. Once set, its address is not shown' })}
${offered.map(each => formField({ label: announcementLabels[each], name: `config.announce.${each}`, type: 'checkbox', value: isWanted(config, each) }))}
</fieldset>`
