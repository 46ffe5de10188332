/** Orders of fifty members at once in one market, each on disk before it is answered. */
import { openDatabase } from '../../../db/open.ts'
import { hashSecret, newSecret } from '../../../src/accounts/secret.ts'
import { type Comparison, Missing } from '../comparison.ts'
import { openFieldhouse } from '../subjects/fieldhouse.ts'
import { openStack } from '../subjects/stack.ts'
import { withoutWrk, wrk } from '../subjects/wrk.ts'

const members = 50

/** Each request is sent as the next member; of four orders of a member three buy and one sells. */
const orders = (keys: readonly string[]) => `
local keys = { ${keys.map(key => JSON.stringify(key)).join(', ')} }
local n = 0
request = function()
  n = n + 1
  local side = math.floor(n / #keys) % 4 == 3 and 'sell' or 'buy'
  local headers = { ['content-type'] = 'application/json', ['authorization'] = keys[n % #keys + 1] }
  return wrk.format('POST', nil, headers, '{"symbol":"AAA","quantity":1,"side":"' .. side .. '"}')
end`

/** Members with a key each, written to the database: signing them in would take longer than the orders. */
function fillMembers(dataDir: string, keys: readonly string[]): void {
  const { $client: client } = openDatabase(dataDir)
  const now = Date.now()
  for (const [i, key] of keys.entries()) {
    client.run(
      `insert into users (id, email, username, password_hash, role, created_at) values (?, ?, ?, '-', 'member', ?)`,
      [...[i + 1, `trader${i}@example.org`, `trader${i}`, now]],
    )
    client.run(
      `insert into api_keys (user_id, name, role, key_hash, hint, created_at) values (?, 'bench', 'member', ?, '', ?)`,
      [...[i + 1, hashSecret(key), now]],
    )
  }
  client.close()
}

export const trades: Comparison = {
  name: 'trades',
  title: 'Orders',
  longStretches: 'the garbage collector while both processors are taken, or a commit that waits for the disk',
  figures: {
    rate: {
      title: `orders in one market, ${members} at once, durable`,
      unit: 'a second',
      aims: [{ least: 2_500 }, { beside: 'stack', ratio: 1 }],
    },
  },
  sides: {
    Fieldhouse: async ({ folder }) => {
      const missing = withoutWrk()
      if (missing) return missing
      const keys = Array.from({ length: members }, () => `fh_${newSecret()}`)
      const server = await openFieldhouse(folder, {}, dataDir => fillMembers(dataDir, keys))
      const league = await server.newLeague({ starting_cash_cents: 1e12, fee_cents: 0 }, 'market')
      await server.call.post('/api/v1/quotes', { quotes: [{ symbol: 'AAA', price_cents: 1_000 }] })
      const bearers = keys.map(key => `Bearer ${key}`)
      for (const authorization of bearers) {
        const joining = { method: 'POST', headers: { authorization } }
        const joined = await fetch(`${server.url}/api/v1/leagues/${league}/join`, joining)
        if (!joined.ok) throw new Error(await joined.text())
      }
      const url = `${server.url}/api/v1/leagues/${league}/trades`
      const script = { folder, lua: orders(bearers) }
      return {
        steps: { orders: async () => ({ rate: (await wrk(url, { connections: members, seconds: 2, script })).rate }) },
        stretches: server.stretches,
        stop: server.stop,
      }
    },
    stack: async ({ folder }) => {
      const stack = await openStack(folder)
      if (stack instanceof Missing) return stack
      await stack.post(`/market?members=${members}`)
      const keys: string[] = []
      for (let i = 0; i < members; i++) keys.push((await stack.reader(i)).authorization)
      const script = { folder, lua: orders(keys) }
      return {
        steps: {
          orders: async () => ({
            rate: (await wrk(`${stack.url}/trades`, { connections: members, seconds: 2, script })).rate,
          }),
        },
        stop: stack.stop,
      }
    },
  },
}
