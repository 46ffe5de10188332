/** Changes to a league's config by officers. */
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import type { ConfigPreview } from './config-preview.ts'
import { kindOf } from './kinds.ts'
import type { League } from './league.ts'

/** The config merged with `given`, where null removes a key; refused if the kind does not accept it. */
export function changedConfig(app: App, league: League, given: Record<string, unknown>): Record<string, unknown> {
  const merged = Object.entries({ ...league.config, ...given }).filter(([, value]) => value !== null)
  return kindOf(app, league).config(Object.fromEntries(merged), app, league)
}

export function requireOpen({ finalizedAt }: League): void {
  if (finalizedAt !== null) refuse('conflict', 'A finalised league cannot change; an admin may reopen it first')
}

/** Which players this config would move, and how far. */
export async function previewConfig(
  app: App,
  league: League,
  config: Record<string, unknown>,
  most = 10,
): Promise<ConfigPreview> {
  const { previewConfig } = kindOf(app, league)
  if (!previewConfig)
    return refuse('conflict', `Changing the config of a ${league.kind} league moves nobody on its board`)
  const preview = await previewConfig(app, league, config, most)
  return preview ?? refuse('conflict', 'There is no board yet, so nobody would move')
}
