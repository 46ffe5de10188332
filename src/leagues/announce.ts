import { t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { type App, job } from '../../context.ts'
import type { Row } from '../../leaderboard/page.ts'
import { canonical } from '../../leaderboard/query.ts'
import { iso } from '../../platform/clock.ts'
import { postJson } from '../../platform/http/outgoing.ts'
import { boardPage } from '../board.ts'
import type { League } from '../league.ts'
import { findLeague } from '../queries.ts'
import { findUpload } from './queries.ts'
import type { Upload } from './upload.ts'

/** Books the announcement of an upload, where the league has somebody to tell: its job is to be dispatched after the commit. */
export const announceLater = (app: App, tx: Db, { id, config }: League, uploadId: number): string | undefined =>
  config.webhook_url ? app.jobs.accept(tx, announce, { leagueId: id, uploadId }).jobId : undefined

/** Tells a league's webhook that its board has changed: the top ten and who moved most. */
export const announce = job('sheets.announce', {
  input: t.Object({ leagueId: t.Integer(), uploadId: t.Integer() }),
  attempts: 5,
  backoff: '5s',
  expires: '6h',
  async run({ leagueId, uploadId }, app, { signal }) {
    const league = findLeague(app.db, leagueId)
    const url = league?.config.webhook_url
    const upload = findUpload(app.db, uploadId)
    if (!league || typeof url !== 'string' || upload?.status !== 'done') return { skipped: 'nothing to announce' }
    const top = await boardPage(app, league, canonical({ limit: 500 }))
    const text = message(league.name, upload, top.rows, top.pagination.total)
    await postJson(
      url,
      { content: text.slice(0, 1_990), text, username: 'Fieldhouse', allowed_mentions: { parse: [] } },
      { allowPrivate: app.config.allowPrivateFeeds, signal },
    )
    return { announced: true }
  },
})

const inEnglish = new Intl.NumberFormat('en')
const moved = ({ change }: Row) => (change ? (change > 0 ? ` ▲${change}` : ` ▼${-change}`) : '')
/** Names are other people's text: nothing in them may mention or format. */
const plain = (name: string) => name.replace(/[\\*_~`|<>@#:[\]()]/g, '\\$&')

function message(league: string, upload: Upload, rows: Row[], players: number): string {
  const top = rows
    .slice(0, 10)
    .map(
      row =>
        `${row.rank ?? '–'}. ${plain(row.name)} — ${row.score === null ? '–' : inEnglish.format(row.score)}${moved(row)}`,
    )
  const movers = rows
    .filter(({ change }) => change)
    .toSorted((a, b) => Math.abs(b.change ?? 0) - Math.abs(a.change ?? 0))
    .slice(0, 5)
    .map(row => `${plain(row.name)}${moved(row)}`)
  const heading = `**${plain(league)}**: the board is updated (${inEnglish.format(players)} players)`
  const lines = [heading, whatChanged(upload), ...top]
  if (movers.length) lines.push(`Movers: ${movers.join(', ')}`)
  return lines.join('\n')
}

function whatChanged({ kind, takenAt, summary }: Upload): string {
  const sheet = kind === 'baseline' ? 'A new baseline' : kind === 'extra' ? 'An extra sheet' : 'A new scan'
  const time = `${iso(takenAt).slice(0, 16).replace('T', ' ')} UTC`
  const counts = (['new', 'missing', 'renamed', 'suspicious', 'unknown'] as const).flatMap(part =>
    summary?.[part] ? `${inEnglish.format(summary[part])} ${part}` : [],
  )
  return `${sheet}, taken ${time}${counts.length ? `: ${counts.join(', ')}` : ''}`
}
