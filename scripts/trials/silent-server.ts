/** Accepts every connection and never answers, like a feed, webhook, mail server or store that hangs. */
export function startSilentServer() {
  const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  return { port: server.port, stop: () => server.stop(true) }
}
