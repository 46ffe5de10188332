/** What a league's webhook receives: part of the config of every kind. */
import { Type as t } from '@sinclair/typebox' // strict: Elysia's own take numbers as text too
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { checkUrlField } from '../platform/http/outgoing.ts'
import type { League } from './league.ts'

export const announcements = ['board', 'leader', 'final', 'weekly'] as const
export type Announcement = (typeof announcements)[number]

export const announcementLabels: Record<Announcement, string> = {
  board: 'When a sheet has changed the board',
  leader: 'When somebody else leads',
  final: 'When the board is final',
  weekly: 'Every Monday, 08:00 UTC, while it goes on',
}
const defaults: Record<Announcement, boolean> = { board: true, leader: true, final: true, weekly: false }

/** The keys of a config that say where announcements go and which ones. */
export const announcementConfig = {
  webhook_url: t.Optional(
    t.Union([
      t.Null(),
      t.String({
        pattern: '^https?://',
        maxLength: 2000,
        'x-error': 'Write an address that begins with https:// or http://.',
        description: 'A Discord or Slack webhook',
      }),
    ]),
  ),
  announce: t.Optional(
    t.Object(
      Object.fromEntries(
        announcements.map(each => [each, t.Optional(t.Boolean({ description: announcementLabels[each] }))]),
      ),
      { description: 'What is posted to `webhook_url`' },
    ),
  ),
}

/** A new address must be a public one, like that of a feed. */
export function checkWebhook(
  config: League['config'],
  { config: { allowPrivateFeeds } }: Pick<App, 'config'>,
  league?: League,
) {
  const url = config.webhook_url
  if (typeof url === 'string' && url !== league?.config.webhook_url)
    checkUrlField('config.webhook_url', 'webhook', url, allowPrivateFeeds)
}

/** Whether the league wants this announced; the default applies where its config does not say. */
export function isWanted(config: League['config'], what: Announcement): boolean {
  const chosen = config.announce
  const choice = typeof chosen === 'object' && chosen !== null ? Object.entries(chosen) : []
  return (choice.find(([name]) => name === what)?.[1] ?? defaults[what]) === true
}

/** The webhook's address, if the league wants this announced. */
export const webhookFor = ({ config }: Pick<League, 'config'>, what: Announcement): string | undefined =>
  typeof config.webhook_url === 'string' && isWanted(config, what) ? config.webhook_url : undefined

export const requireWebhook = ({ config }: Pick<League, 'config'>): string =>
  typeof config.webhook_url === 'string'
    ? config.webhook_url
    : refuse('conflict', 'This league has no webhook: set its address first')
