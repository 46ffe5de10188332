/** Parses a pasted field: names, one per line, or a table with headings. Pure. */

import Papa from 'papaparse'
import { truncate } from '../../platform/truncate.ts'
import { firstLast } from './feeds/names.ts'
import { nameKey, nameWords } from './match-names.ts'

export type FieldPlayer = { player_id: string; name: string; rank: number | null; odds: number | null }

export const maxPlayers = 500
const maxNameLength = 100

/** Players entered without an id get one from their name. */
export const idFromName = (name: string) => `name:${nameKey(name).replaceAll(' ', '-')}`.slice(0, 64)

/** The name in the list of a player who is not on the feed, as far as the id contains it. */
export const nameFromId = (id: string) =>
  id.startsWith('name:')
    ? id
        .slice('name:'.length)
        .replace(/(^|-)(\p{L})/gu, (_, dash: string, letter: string) => (dash ? ' ' : '') + letter.toUpperCase())
    : id

const headings: Record<string, string[]> = {
  name: ['name', 'player', 'golfer', 'player name', 'full name'],
  first: ['first', 'first name', 'given name'],
  last: ['last', 'last name', 'surname', 'family name'],
  rank: ['rank', 'world rank', 'ranking', 'world ranking', 'owgr', 'seed'],
  odds: ['odds', 'decimal odds', 'win odds', 'price'],
  id: ['id', 'player id', 'dg id'],
}

type Line = { at: number; name: string; id?: string; rank?: string; odds?: string }

/** The players, without duplicates, and what could not be parsed, as sentences that start with the line. */
export function parseFieldText(text: string): { players: FieldPlayer[]; problems: string[] } {
  const problems: string[] = []
  const players = new Map<string, FieldPlayer>()
  for (const line of linesOf(text.replace(/^\uFEFF/, ''))) {
    const report = (problem: string) => void problems.push(`Line ${line.at}: ${problem}`)
    const name = normaliseName(line.name)
    if (!isName(name)) report(`“${truncate(line.name.trim(), 40)}” is not a name.`)
    const rank = line.rank?.trim() ? Number(line.rank) : null
    if (rank !== null && !(Number.isInteger(rank) && rank > 0))
      report(`“${line.rank}” is not a rank; ranks are whole numbers from 1.`)
    const odds = line.odds?.trim() ? oddsOf(line.odds) : null
    if (Number.isNaN(odds)) report(`“${line.odds}” are not odds; write 12.5, 23/2 or +1150.`)
    const player_id = line.id?.trim() || idFromName(name)
    if (player_id.length > 64) report('An id has at most 64 characters.')
    addPlayer(players, { player_id, name, rank, odds }, report)
  }
  if (players.size > maxPlayers) problems.push(`A field has at most ${maxPlayers} players; these are ${players.size}.`)
  return { players: [...players.values()], problems }
}

/** A player who is listed twice counts once; two players under one id are reported. */
export function addPlayer(
  players: Map<string, FieldPlayer>,
  player: FieldPlayer,
  report: (problem: string) => void,
): void {
  const same = players.get(player.player_id)
  if (!same) players.set(player.player_id, player)
  else if (nameKey(same.name) !== nameKey(player.name)) report(`${same.name} already has the id ${player.player_id}.`)
}

export const normaliseName = (name: string) =>
  firstLast(
    name
      .normalize('NFC')
      .replace(/[\p{Cf}\p{Cc}\s]+/gu, ' ')
      .trim(),
  )
export const isName = (name: string) =>
  name.length <= maxNameLength && nameWords(name).some(word => /\p{L}/u.test(word))

/** `12.5` is what 1 pays; `23/2` and `+1150` are the win on top of the stake. */
export function oddsOf(written: string): number {
  const text = written.trim()
  const [, above, below] = text.match(/^(\d+)\s*\/\s*(\d+)$/) ?? []
  const [, sign, hundred] = text.match(/^([+-])(\d+)$/) ?? []
  const odds = below
    ? Number(above) / Number(below) + 1
    : hundred
      ? (sign === '+' ? Number(hundred) / 100 : 100 / Number(hundred)) + 1
      : Number(text)
  return odds > 1 && odds <= 10_000 ? Math.round(odds * 100) / 100 : Number.NaN
}

function linesOf(text: string): Line[] {
  const { data } = Papa.parse<string[]>(text, { delimitersToGuess: [',', '\t', ';', '|'] })
  const top = data.findIndex(row => row.some(cell => cell.trim()))
  const columns = headingColumns(data[top] ?? [])
  if (columns.name === undefined && columns.last === undefined) {
    return text.split(/\r?\n/).flatMap((line, i) => {
      const name = line.replace(/^\s*(?:\d+\s*[.):]?\s+|\d+[.)]|[-–•*]\s*)/, '').trim()
      return name ? [{ at: i + 1, name }] : []
    })
  }
  return data.flatMap((row, i) => {
    if (i <= top || !row.some(cell => cell.trim())) return []
    const cell = (column: string) => (columns[column] === undefined ? undefined : row[columns[column]])
    const name = cell('name') ?? [cell('first'), cell('last')].filter(Boolean).join(' ')
    return [{ at: i + 1, name, id: cell('id'), rank: cell('rank'), odds: cell('odds') }]
  })
}

function headingColumns(row: string[]): Record<string, number | undefined> {
  const words = row.map(cell => cell.trim().toLowerCase().replaceAll('_', ' '))
  const places = Object.entries(headings).map(([column, known]) => [
    column,
    words.findIndex(word => known.includes(word)),
  ])
  return Object.fromEntries(places.filter(([, place]) => place !== -1))
}
