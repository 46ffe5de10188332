/** Who asks: the operator's token, an API key, or a session's cookie. */
import { timingSafeEqual } from 'node:crypto'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import type { Who } from '../runtime/exchange.ts'

export const operator: Who = { id: null, username: 'operator', role: 'admin', via: 'operator' }

const same = (a: string, b: string) => {
  const [x, y] = [sha256(a), sha256(b)]
  return timingSafeEqual(x, y)
}
const sha256 = (text: string) => new Bun.CryptoHasher('sha256').update(text).digest()

export async function identify({ config }: App, request: Request): Promise<Who | undefined> {
  const bearer = request.headers.get('authorization')?.match(/^Bearer\s+(\S+)$/i)?.[1]
  if (bearer && config.adminToken && same(bearer, config.adminToken)) return operator
  if (request.headers.has('authorization')) refuse('unauthorized', 'The key is not known')
  return undefined
}
