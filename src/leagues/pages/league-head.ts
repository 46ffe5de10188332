import { type Content, type Html, html } from '../../platform/html.ts'
import { isAtLeast } from '../../platform/http/access.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { counted } from '../../platform/number-text.ts'
import { status } from '../../ui/parts/badges.ts'
import { type Stat, stats } from '../../ui/parts/figures.ts'
import { localDay, name } from '../../ui/parts/values.ts'
import type { KindPages, Tab } from '../kind-pages.ts'
import type { LeagueView } from '../league.ts'

type LeagueHead = {
  league: LeagueView
  kind: KindPages
  who: Who | undefined
  /** The path of the current tab. */
  tab?: string
  figures?: readonly (Stat | false | null | undefined)[]
  /** A title other than the league's name, which is then shown above it. */
  title?: Content
  /** Shown instead of the league's status. */
  state?: Content
  /** Buttons of this page. */
  actions?: Content
}

/** The header of every page of a league: what it is, its status, and its tabs. */
export function leagueHead({ league, kind, who, tab, figures = [], title, state, actions }: LeagueHead): Html {
  const { id, starts_at, ends_at, members } = league
  const tabs = tabsOf(kind, who)
  return html`<header class="scoreboard">
<h1>${title ?? name(league.name)}</h1>
<div class="facts">${title && html`<a href="/leagues/${id}">${name(league.name)}</a>`}${state || status(league.status)}<span>${kind.name}</span><span>${localDay(starts_at)} – ${localDay(ends_at)}</span>${members > 0 && html`<span>${counted(members, 'member')}</span>`}${actions && html`<span class="actions">${actions}</span>`}</div>
${figures.some(Boolean) && stats(figures)}
${
  tabs.length > 1 &&
  html`<nav class="tabs" aria-label="This league">${tabs.map(
    ({ path, label }) =>
      html`<a href="/leagues/${id}${path && `/${path}`}"${path === tab && html` aria-current="page"`}>${label}</a>`,
  )}</nav>`
}
</header>`
}

const tabsOf = (kind: KindPages, who: Who | undefined): Tab[] => [
  { path: '', label: 'Board' },
  ...kind.tabs(who),
  ...(who ? [{ path: 'members', label: 'Members' }] : []),
  ...(isAtLeast(who, 'officer') ? [{ path: 'settings', label: 'Settings' }] : []),
]
