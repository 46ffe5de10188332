/** A webhook that keeps the messages it gets, after it has refused the first few. */
import { afterTest, until } from './start.ts'

export function startWebhook(failures = 0) {
  // biome-ignore lint/suspicious/noExplicitAny: tests read messages as they come
  const messages: any[] = []
  let failuresLeft = failures
  let work = () => {}
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      if (failuresLeft-- > 0) return new Response('busy', { status: 500 })
      messages.push(await request.json())
      work()
      work = () => {}
      return new Response(null, { status: 204 })
    },
  })
  afterTest(() => server.stop(true))
  const about = (words: string) => until(() => messages.find(({ content }) => content.includes(words)))
  /** Done once, while the next message is taken. */
  const meanwhile = (next: () => void) => void (work = next)
  return { url: `http://127.0.0.1:${server.port}/hook`, messages, about, meanwhile }
}
