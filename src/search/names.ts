/** Finds leagues, symbols and users by the start of the words of their names, in the index that triggers maintain in `fieldhouse.db`. */
import { and, asc, desc, eq, isNull, or, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import type { Db } from '../../db/open.ts'
import { leagues, members, quotes, staff, tours, users } from '../../db/schema.ts'

/** Rows of the index are numbered 4 × id + this. */
const kindNumbers = { leagues: 0, users: 1, symbols: 2 } as const

const maxWords = 8
const maxMatches = 300 // newest ones: with more it is unclear which was meant

/** Every word must be the start of a word of the name; undefined if there is no word. */
export function searchExpression(q: string): string | undefined {
  const words = q.normalize('NFKC').match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
  if (!words.length) return undefined
  return words
    .slice(0, maxWords)
    .map(word => `"${word}"*`)
    .join(' ')
}

function isInIndex(kind: keyof typeof kindNumbers, id: SQLiteColumn, q: string): SQL {
  const words = searchExpression(q)
  if (!words) return sql`false`
  return sql`${id} in (
    select rowid / 4 from search_index where search_index match ${words} and rowid % 4 = ${kindNumbers[kind]}
    order by rowid desc limit ${maxMatches}
  )`
}

/** Exact matches first, then names that start with it, then the shortest. */
export function bestMatchesFirst<T>(rows: T[], nameOf: (row: T) => string, q: string, limit: number): T[] {
  const searched = q.trim().toLowerCase()
  const grade = (name: string) => (name === searched ? 0 : name.startsWith(searched) ? 1 : 2)
  return rows
    .map(row => ({ row, name: nameOf(row).toLowerCase() }))
    .sort(
      (a, b) =>
        grade(a.name) - grade(b.name) ||
        a.name.length - b.name.length ||
        (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
    )
    .slice(0, limit)
    .map(({ row }) => row)
}

export function leaguesNamed(db: Db, q: string, limit: number, visible: SQL | undefined) {
  const found = and(isInIndex('leagues', leagues.id, q), visible)
  const rows = db.select().from(leagues).where(found).orderBy(desc(leagues.id)).all()
  return bestMatchesFirst(rows, ({ name }) => name, q, limit)
}

export function symbolsNamed(db: Db, q: string, limit: number) {
  const isExact = eq(quotes.symbol, q.trim().toUpperCase())
  const rows = db
    .select()
    .from(quotes)
    .where(or(isExact, isInIndex('symbols', quotes.id, q)))
    .all()
  return bestMatchesFirst(rows, ({ symbol }) => symbol, q, limit)
}

/** `visible`: users are found by their names in leagues that the reader can see, as on boards. */
export function usersNamed(db: Db, q: string, limit: number, visible: SQL | undefined) {
  const inSight =
    visible &&
    sql`${users.id} in (select ${members.userId} from ${members} join ${leagues} on ${leagues.id} = ${members.leagueId} where ${visible})`
  const isExact = eq(users.username, q.trim())
  const rows = db
    .select({ id: users.id, username: users.username })
    .from(users)
    .where(and(isNull(users.deletedAt), inSight, or(isExact, isInIndex('users', users.id, q))))
    .all()
  return bestMatchesFirst(rows, ({ username }) => username, q, limit)
}

/** There are few tours and some hundred people on a rota: they are scanned without an index. */
const maxScanned = 2_000

export function toursNamed(db: Db, q: string, limit: number) {
  const { id, slug, name } = tours
  const rows = db.select({ slug, name }).from(tours).orderBy(asc(id)).limit(maxScanned).all()
  return scanned(rows, ({ name, slug }) => `${name} ${slug}`, q, limit)
}

export function staffNamed(db: Db, q: string, limit: number) {
  const { id, name, active } = staff
  const rows = db.select({ id, name, active }).from(staff).orderBy(asc(id)).limit(maxScanned).all()
  return scanned(rows, ({ name }) => name, q, limit)
}

function scanned<Row extends { name: string }>(rows: Row[], textOf: (row: Row) => string, q: string, limit: number) {
  const fits = wordStartMatcher(q)
  const found = rows.filter(row => fits(textOf(row)))
  return bestMatchesFirst(found, ({ name }) => name, q, limit)
}

/** Whether every word of `q` is the start of a word of the name. Accents are ignored, as in the index. */
function wordStartMatcher(q: string): (name: string) => boolean {
  const wordsIn = (text: string) =>
    text
      .normalize('NFKD')
      .replaceAll(/\p{M}/gu, '')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  const searched = wordsIn(q)
  return name => {
    const words = wordsIn(name)
    return searched.length > 0 && searched.every(word => words.some(each => each.startsWith(word)))
  }
}
