/**
 * A port that is free at this moment, for a server that is about to start. It lies below those that the system gives to connections
 * and to servers with port 0, so that none of them takes it first.
 */
export function freePort(): number {
  for (let tries = 0; tries < 100; tries++) {
    const port = 10_000 + Math.floor(Math.random() * 20_000)
    try {
      Bun.listen({ hostname: '127.0.0.1', port, socket: { data() {} } }).stop()
      return port
    } catch {} // in use
  }
  throw new Error('No port is free')
}
