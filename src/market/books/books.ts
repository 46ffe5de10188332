/** The books of the leagues that are looked at, and the boards made of them. */
import { LRUCache } from 'lru-cache'
import { type Db, openReader } from '../../../db/open.ts'
import type { League } from '../../leagues/league.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Stamps } from '../../runtime/stamps.ts'
import { frozenBoard } from '../frozen.ts'
import { startOfDay } from '../quote.ts'
import { type Built, boardOfBook, type Roster, rosterOf } from './board.ts'
import type { Book } from './book.ts'
import { loadBook, loadNames } from './loading.ts'
import { Prices } from './prices.ts'

const mostBytes = 128 * 2 ** 20

/** A book with the names that go with it, and the board that was last made of them. */
type Kept = { book: Book; roster: Roster | undefined; built: (Built & { of: string }) | undefined }

export type Books = ReturnType<typeof openBooks>

export function openBooks(dataDir: string, db: Db, stamps: Stamps, clock: Clock) {
  const prices = new Prices(db)
  const kept = new LRUCache<number, Kept>({
    maxSize: mostBytes,
    sizeCalculation: ({ book }) => Math.min(book.bytes, mostBytes), // the largest one is kept too, alone
  })
  const opening = new Map<number, Promise<Kept>>()
  let reader: Db | undefined
  let turn: Promise<unknown> = Promise.resolve()

  /** One reading at a time: each is a transaction of the one reader. */
  function read<T>(work: (reader: Db) => Promise<T>): Promise<T> {
    const mine = turn.then(() => work((reader ??= openReader(dataDir))))
    turn = mine.catch(() => {})
    return mine
  }

  function open(leagueId: number): Promise<Kept> {
    const known = kept.get(leagueId)
    if (known) return Promise.resolve(known)
    const started = opening.get(leagueId) ?? read(reader => loadBook(reader, leagueId, prices, clock.now())).then(keep)
    opening.set(leagueId, started)
    return started.finally(() => opening.delete(leagueId))
  }
  function keep(book: Book): Kept {
    const one = { book, roster: undefined, built: undefined }
    kept.set(book.leagueId, one)
    return one
  }

  /** As of the last commit, all at once. */
  function follow({ book }: Kept): void {
    prices.follow()
    book.follow(db, clock.now())
  }

  const membersOf = (leagueId: number) => stamps.of([['members', String(leagueId)]])
  /** Whether the names of everyone in the book are known. */
  const isComplete = (one: Kept): one is Kept & { roster: Roster } =>
    one.roster?.version === membersOf(one.book.leagueId) && one.roster.size === one.book.users.length

  async function current(leagueId: number): Promise<Kept & { roster: Roster }> {
    for (;;) {
      const one = await open(leagueId)
      follow(one)
      if (isComplete(one)) return one
      const version = membersOf(leagueId)
      one.roster = rosterOf(version, one.book.users, await read(reader => loadNames(reader, leagueId)))
      kept.set(leagueId, one) // its size has grown
    }
  }

  function built(one: Kept & { roster: Roster }): Built {
    const now = clock.now()
    const of = `${one.book.lastLine} ${prices.version} ${startOfDay(now)} ${one.roster.version}`
    if (one.built?.of !== of) one.built = { of, ...boardOfBook(one.book, one.roster, now) }
    return one.built
  }

  const finals = new LRUCache<string, Built>({ max: 20 })
  function final({ id, finalHash }: League): Built {
    const key = `${id} ${finalHash} ${membersOf(id)}`
    const known = finals.get(key) ?? frozenBoard(db, id)
    finals.set(key, known)
    return known
  }

  return {
    async book(leagueId: number): Promise<Book> {
      return (await current(leagueId)).book
    },
    async board(league: League): Promise<Built> {
      return league.finalizedAt === null ? built(await current(league.id)) : final(league)
    },
    /** The board at this very moment, within a transaction too; undefined where it has to be read first. */
    boardNow(leagueId: number): (Built & { book: Book }) | undefined {
      const one = kept.get(leagueId)
      if (!one) return undefined
      follow(one)
      return isComplete(one) ? { ...built(one), book: one.book } : undefined
    },
    forget: (leagueId: number) => void kept.delete(leagueId),
    async close() {
      await turn
      reader?.$client.close()
    },
  }
}
