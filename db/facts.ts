/** Single values of this installation, by name: the table `facts`. */
import { eq } from 'drizzle-orm'
import type { Db } from './open.ts'
import { facts } from './schema.ts'

export const factOf = (db: Db, name: string): string | undefined =>
  db.select().from(facts).where(eq(facts.name, name)).get()?.value

export const storeFact = (tx: Db, name: string, value: string): void =>
  void tx.insert(facts).values({ name, value }).onConflictDoUpdate({ target: facts.name, set: { value } }).run()

export const deleteFact = (tx: Db, name: string): void => void tx.delete(facts).where(eq(facts.name, name)).run()

/** Stores the value unless there is one already; returns what is stored. */
export function storeFactOnce(tx: Db, name: string, value: string): string {
  tx.insert(facts).values({ name, value }).onConflictDoNothing().run()
  return factOf(tx, name) ?? value
}
