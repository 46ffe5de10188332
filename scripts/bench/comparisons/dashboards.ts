/** Dashboards and the monitor over a long history, computed and from the cache. */
import { answerMs, type BenchOptions, type ComparedSide, type Comparison, type Figure } from '../comparison.ts'
import { seed } from '../seed.ts'
import { openFieldhouse } from '../subjects/fieldhouse.ts'

const questions = {
  all: {
    title: 'dashboard of all time, all sections',
    path: '/api/v1/stats/dashboard?period=all&include=summary,trends,geographic,tasks',
  },
  executions: { title: 'executions of all time by month', path: '/api/v1/stats/executions?period=all&group_by=month' },
  users: { title: 'users of all time by month', path: '/api/v1/stats/users?period=all&group_by=month' },
  monitor: { title: 'the monitor’s page', path: '/admin/monitoring/' },
  tasks: { title: 'the list of runs', path: '/api/v1/jobs?limit=50' },
}
const cachedQuestions = ['all', 'executions', 'users']
const figures: Record<string, Figure> = {}
for (const [question, { title }] of Object.entries(questions)) {
  const isCached = cachedQuestions.includes(question)
  figures[question] = { title: isCached ? `${title}, computed again` : title, unit: 'ms' }
  if (isCached)
    figures[`${question} again`] = {
      title: 'the same out of the cache',
      unit: 'ms',
      yardstick: question,
    }
}

const sizeOf = ({ isQuick }: Pick<BenchOptions, 'isQuick'>) =>
  isQuick ? { runs: 100_000, users: 10_000 } : { runs: 1_000_000, users: 100_000 }

export const dashboards: Comparison = {
  name: 'dashboards',
  title: 'Dashboards over a million runs and 100,000 users (a tenth of it with --quick)',
  figures,
  sides: { Fieldhouse: fieldhouse },
}

async function fieldhouse(options: BenchOptions): Promise<ComparedSide> {
  const server = await openFieldhouse(options.folder, {}, dataDir => seed(dataDir, sizeOf(options)).$client.close())
  const ask = (path: string) => answerMs(server.url + path, server.operator)
  const step = (question: string, path: string) => async () => {
    if (!cachedQuestions.includes(question)) return { [question]: await ask(path) }
    await fetch(`${server.url}/api/v1/stats/cache`, { method: 'DELETE', headers: server.operator })
    return { [question]: await ask(path), [`${question} again`]: await ask(path) }
  }
  return {
    steps: Object.fromEntries(
      Object.entries(questions).map(([question, { path }]) => [question, step(question, path)]),
    ),
    stretches: server.stretches,
    stop: server.stop,
  }
}
