/**
 * `bun run demo`: fills a running instance with a realistic league of each kind and a rota. It signs in with ADMIN_TOKEN or, if run
 * on the server's machine with its DATA_DIR, as a new admin whose password it prints.
 *
 *   FIELDHOUSE_URL=http://localhost:3000 bun run demo
 */
import { existsSync } from 'node:fs'
import { eq } from 'drizzle-orm'
import { databaseFile, openBeside } from '../db/open.ts'
import { users } from '../db/schema.ts'
import { transact } from '../db/transactions.ts'
import { issueKey } from '../src/accounts/key.ts'
import { openPasswords } from '../src/accounts/password.ts'
import { createUser } from '../src/accounts/queries.ts'
import { readConfig } from '../src/config.ts'
import { systemClock } from '../src/platform/clock.ts'
import { type DemoLeague, demoCaller } from './demo/call.ts'
import { marketDemo } from './demo/market.ts'
import { rosterDemo } from './demo/roster.ts'
import { sheetDemo } from './demo/sheet.ts'
import { tourDemo } from './demo/tour.ts'
import { helpFirst } from './script-help.ts'

helpFirst(import.meta.path)

try {
  await fill()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}

async function fill(): Promise<void> {
  const config = readConfig(process.env)
  const url = (process.env.FIELDHOUSE_URL ?? `http://localhost:${config.port || 3000}`).replace(/\/$/, '')

  const isOpen = await fetch(`${url}/livez`).then(
    ({ ok }) => ok,
    () => false,
  )
  if (!isOpen) {
    console.error(
      `Nothing answers at ${url}. Start Fieldhouse first (bun run start), or say where it is with FIELDHOUSE_URL.`,
    )
    process.exit(1)
  }
  const call = demoCaller(url, config.adminToken ?? (await ownKey(config.dataDir)))
  console.log(`Filling ${url}`)
  const printLeague = (league: DemoLeague) => console.log(`  ${league.name}: ${url}/leagues/${league.id}`)
  printLeague(await sheetDemo(call))
  const cup = await marketDemo(call)
  printLeague(cup)
  const invitation = await call.post('/api/v1/invitations', { league_id: cup.id, max_uses: 30 })
  console.log(`    Thirty friends may come in by ${invitation.url}`)
  const amelie = await rosterDemo(call)
  if (amelie) {
    console.log(`  A rota of two halls and a clubhouse: ${url}/rota, and its week to plan: ${url}/rota/plan`)
    console.log(`    Amelie's own shifts: ${url}/rota/mine (${amelie.email}, password ${amelie.password})`)
  }
  const pool = await tourDemo(call)
  const [nora] = (await call.get('/api/v1/users?q=nora@fieldhouse.example')).users
  console.log(`  Nora in every league: ${url}/people/${nora.id}`)
  if (pool) {
    printLeague(pool)
    printLeague(pool.next)
    console.log('The tournament is played while this runs, for about ten minutes. Ctrl+C ends it.')
    const stop = cup.stream()
    await pool.played
    stop()
  } else {
    console.log('  A live golf pool is left out: the server may not ask a feed on this machine.')
    console.log('  Start it with ALLOW_PRIVATE_FEEDS=true to have one.')
  }
}

/** The key of an admin created for the demo, directly in the server's database. */
async function ownKey(dataDir: string): Promise<string> {
  if (!existsSync(databaseFile(dataDir))) {
    console.error(
      `Set ADMIN_TOKEN as the server has it, or DATA_DIR to its folder (${dataDir} holds no fieldhouse.db).`,
    )
    process.exit(1)
  }
  const db = openBeside(dataDir)
  const email = 'demo@fieldhouse.example'
  const password = crypto.randomUUID()
  const passwordHash = await openPasswords().hash(password)
  const existing = db.select().from(users).where(eq(users.email, email)).get()
  const admin =
    existing ??
    transact(db, tx =>
      createUser(tx, { email, username: 'demo', passwordHash, role: 'admin', country: null }, Date.now()),
    )
  if (!existing) console.log(`Made an admin to look around with: ${email}, password ${password}`)
  const { secret } = await issueKey(
    { db, clock: systemClock },
    { ...admin, via: 'key' },
    { name: 'demo', role: 'admin' },
  )
  db.$client.close()
  return secret
}
