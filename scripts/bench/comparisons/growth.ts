/** The same requests to an installation with few leagues and with many. Growth in players is measured by the uploads. */
import { openDatabase } from '../../../db/open.ts'
import { answerMs, type BenchOptions, type ComparedSide, type Comparison, type Figure, median } from '../comparison.ts'
import { openFieldhouse } from '../subjects/fieldhouse.ts'

const [few, many] = [20, 10_000] // twenty fill the first page, so that both sides show as many rows
const questions = {
  start: { title: 'start page', path: '/' },
  list: { title: 'leagues, first page', path: '/api/v1/leagues' },
  active: { title: 'leagues under way', path: '/api/v1/leagues/active?kind=tour' },
  board: { title: 'a board', path: '/api/v1/leagues/1/leaderboard' },
  search: { title: 'search for a league', path: '/api/v1/search?q=league%207' },
}
const figures: Record<string, Figure> = {
  ready: { title: `start to ready with ${many.toLocaleString('en')} leagues`, unit: 'ms' },
}
for (const [question, { title }] of Object.entries(questions))
  figures[question] = { title: `${title}, with ${many.toLocaleString('en')} leagues`, unit: 'ms' }

export const growth: Comparison = {
  name: 'growth',
  title: 'From 20 to 10,000 leagues',
  figures,
  sides: {
    Fieldhouse: options => withLeagues(options, many),
    [`with ${few}`]: options => withLeagues(options, few),
  },
}

async function withLeagues({ folder }: BenchOptions, leagues: number): Promise<ComparedSide> {
  const server = await openFieldhouse(folder, {}, dataDir => fillLeagues(dataDir, leagues))
  const step = (question: string, path: string) => async () => {
    const times: number[] = []
    for (let i = 0; i < 21; i++) times.push(await answerMs(server.url + path))
    return { [question]: median(times) }
  }
  return {
    steps: {
      ready: async () => ({ ready: server.readyMs }),
      ...Object.fromEntries(Object.entries(questions).map(([question, { path }]) => [question, step(question, path)])),
    },
    stretches: server.stretches,
    stop: server.stop,
  }
}

/** Two thirds of the leagues are over. */
function fillLeagues(dataDir: string, count: number): void {
  const { $client: client } = openDatabase(dataDir)
  const day = 86_400_000
  client.run('begin')
  const insert = client.query(
    'insert into leagues (name, kind, starts_at, ends_at, config, created_at) values (?, ?, ?, ?, ?, ?)',
  )
  for (let i = 1; i <= count; i++) {
    const begins = Date.now() - (i % 90) * day
    insert.run(`League ${i}`, 'sheet', begins, begins + 30 * day, '{}', begins)
  }
  client.run('commit')
  client.close()
}
