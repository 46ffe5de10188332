/** Connections that stop half-way, send nonsense, or send byte by byte. The server must keep serving all others. */
import type { Socket } from 'bun'
import type { Random } from '../random.ts'

const json = 'Content-Type: application/json\r\n'
const openings = (token: string) => [
  'GET / HTTP/1.1\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
  'GET http://nas/livez HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET //livez HTTP/1.1\r\nHost: "[::1\r\n\r\n',
  'GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /livez HTTP/9.9\r\nHost: x\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n',
  'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n',
  'BREW /api/v1/leagues HTTP/1.1\r\nHost: x\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',
  `GET /livez HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(5000)}\r\n`,
  `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  `POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\n${json}Content-Length: 100\r\n\r\n{"email":`,
  `POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\n${json}Content-Length: -1\r\n\r\n{}`,
  `POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\n${json}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  `POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\n${json}Transfer-Encoding: chunked\r\n\r\nffffffffffff\r\n{}`,
  `POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\n${json}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
  `POST /api/v1/leagues HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n${json}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n`,
  `POST /api/v1/leagues/1/uploads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 5000\r\n\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nID,Power\n1,2`,
  `GET /api/v1/leagues/1/leaderboard.csv HTTP/1.1\r\nHost: x\r\n\r\n`,
  `GET /leagues/1/events HTTP/1.1\r\nHost: x\r\n\r\n`,
]

/** Opens a connection, sends its bytes in pieces and closes it. The answer does not matter. */
export async function oddConnection(url: string, token: string, random: Random): Promise<void> {
  const { pick, chance, whole } = random
  let text = pick(openings(token))
  if (chance(0.3)) text = text.slice(0, whole(0, text.length))
  if (chance(0.2)) text += text
  const bytes = Buffer.from(text, 'latin1')
  const pieces = chance(0.3) ? Math.min(bytes.length, 20) : 1
  const lingers = whole(0, 300)
  const isAbrupt = chance(0.5)
  const closed = Promise.withResolvers<void>()
  const handlers = { data() {}, error() {}, close: () => closed.resolve() }
  const connecting: Promise<Socket> = Bun.connect({
    hostname: '127.0.0.1',
    port: Number(new URL(url).port),
    socket: handlers,
  })
  const socket = await connecting
  for (let i = 0; i < pieces; i++) {
    socket.write(bytes.subarray((i * bytes.length) / pieces, ((i + 1) * bytes.length) / pieces))
    if (pieces > 1) await Bun.sleep(5)
  }
  await Promise.race([closed.promise, Bun.sleep(lingers)])
  if (isAbrupt) socket.terminate()
  else socket.end()
}
