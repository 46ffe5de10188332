/**
 * The readers of a soak, in their own process: `bun scripts/soak/readers.ts URL READERS LEAGUE MARKET`. Each requests a page about once a
 * second; one in twenty keeps a live page open. For each line of standard input it prints what was seen since the last one, as JSON.
 */
const [url, readers, league, market] = process.argv.slice(2)
const board = `/api/v1/leagues/${league}/leaderboard`
const paths = [
  ...[board, `${board}?page=3`, `${board}?sort_by=deads&limit=20`, `${board}?q=player%201`, '/api/v1/leagues'],
  ...[`/leagues/${league}`, `/leagues/${league}?page=2`, `/leagues/${market}`, '/leagues', '/'],
  `/api/v1/leagues/${market}/leaderboard`,
]
const readingMs = 1_000
const timeoutMs = 20_000

export type ReaderResults = { times: number[]; answers: Record<string, number> }
let results: ReaderResults = { times: [], answers: {} }
const countAnswer = (answer: number | string) => {
  results.answers[answer] = (results.answers[answer] ?? 0) + 1
}

async function ask(path: string) {
  const start = performance.now()
  const response = await fetch(url + path, { signal: AbortSignal.timeout(timeoutMs) })
  await response.arrayBuffer()
  countAnswer(response.status)
  results.times.push(Math.round((performance.now() - start) * 10) / 10)
}

/** Reads until the server ends the stream. */
async function listen(path: string) {
  const response = await fetch(url + path)
  countAnswer(response.ok ? 'live' : response.status)
  await response.arrayBuffer()
}

async function read(reader: number) {
  for (let turn = 0; ; turn++) {
    await Bun.sleep(readingMs * (turn ? 0.5 + Math.random() : Math.random()))
    const request =
      reader % 20 ? ask(paths[(turn + reader) % paths.length] ?? '/') : listen(`/leagues/${league}/events`)
    await request.catch(error => countAnswer(error instanceof Error ? error.name : String(error)))
  }
}
for (let i = 0; i < Number(readers); i++) read(i)

for await (const _ of console) {
  console.log(JSON.stringify(results))
  results = { times: [], answers: {} }
}
process.exit(0)
