/** Changes to leagues by officers. Freezing a board is in `finalize.ts`. */
import { atomically } from '../../db/transactions.ts'
import { audit } from '../audit.ts'
import type { App } from '../context.ts'
import { invalid, refuse } from '../errors.ts'
import type { Who } from '../platform/http/request-context.ts'
import { fieldsOf, type League, type LeagueFields, leagueColumns, leagueStatus, openWhenSettled } from './league.ts'
import { changedConfig, requireOpen } from './league-config.ts'
import { changeLeague, createLeague, deleteLeague, leagueById, type NewLeague } from './queries.ts'
import { warmChangedBoard } from './warm-up.ts'

type GivenConfig = League['config']
type NewLeagueBody = LeagueFields & { kind: League['kind']; config?: GivenConfig }
type LeagueChange = Partial<LeagueFields & { config: GivenConfig; archived: boolean }>

/** Returns its id. */
export function addLeague(app: App, who: Who, given: NewLeagueBody): Promise<number> {
  const { kind, config = {}, ...fields } = given
  const columns = { kind, ...leagueColumns(fields), config: checkedConfig(app, kind, config) }
  return insertLeague(app, who, columns, 'league.create', given)
}

/** A new league with the kind and rules of this one, without what was played. Returns its id. */
export function copyLeague(app: App, who: Who, id: number, given: LeagueFields): Promise<number> {
  const { kind, config: rules } = leagueById(app.db, id)
  const part = app.kinds[kind]?.rulesToCopy?.(rules)
  const config = part ? checkedConfig(app, kind, part) : rules // checked when it was saved, and names the metrics of its sheets
  return insertLeague(app, who, { kind, ...leagueColumns(given), config }, 'league.copy', { of: id, ...given })
}

function checkedConfig(app: App, kind: League['kind'], given: GivenConfig): GivenConfig {
  const rules = app.kinds[kind] ?? invalid('kind', `Choose one of: ${Object.keys(app.kinds).join(', ')}.`)
  return rules.config(given, app)
}

async function insertLeague(
  app: App,
  who: Who,
  columns: Omit<NewLeague, 'createdBy'>,
  action: string,
  detail: Record<string, unknown>,
): Promise<number> {
  const { db, clock, kinds } = app
  const league = await atomically(db, tx => {
    const now = clock.now()
    const created = createLeague(tx, { ...columns, createdBy: who.id }, now)
    audit(tx, { at: now, who, action, target: `league ${created.id}`, detail })
    return created
  })
  await kinds[league.kind]?.onChange?.(app, league)
  return league.id
}

/** `config` is merged into the current one. */
export async function editLeague(app: App, who: Who, id: number, given: LeagueChange): Promise<void> {
  const { db, clock, kinds } = app
  const now = clock.now()
  const { archived, config, ...fields } = given
  const changed = await atomically(db, tx => {
    const league = leagueById(tx, id)
    if (config || Object.keys(fields).some(name => !openWhenSettled.includes(name)))
      requireOpen(archived === false ? { ...league, archivedAt: null } : league)
    if (archived) requireOver(league, now)
    audit(tx, { at: now, who, action: 'league.change', target: `league ${id}`, detail: given })
    return changeLeague(tx, id, {
      ...leagueColumns({ ...fieldsOf(league), ...fields }),
      config: config && changedConfig(app, league, config),
      ...(archived !== undefined && { archivedAt: archived ? (league.archivedAt ?? now) : null }),
    })
  })
  await kinds[changed.kind]?.onChange?.(app, changed)
  await warmChangedBoard(app, id)
}

function requireOver(league: League, now: number): void {
  const status = leagueStatus(league, now)
  if (status === 'upcoming' || status === 'active')
    refuse('conflict', `Only an ended or final league can be archived; this one is ${status}`)
}

/** Deletes a league and everything in it. `name`: its name, typed to confirm. */
export async function removeLeague(app: App, who: Who, id: number, name: string): Promise<void> {
  const { db, kinds, bulkWriter } = app
  const league = leagueById(db, id)
  if (name !== league.name)
    invalid('name', `Type the league's name, "${league.name}", to confirm that all of it is deleted.`)
  const removeOutside = kinds[league.kind]?.onDelete?.(app, id)
  await bulkWriter.write(deleteLeague, { id, who })
  await removeOutside?.()
}
