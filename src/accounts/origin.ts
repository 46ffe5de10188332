/** Where a request comes from, as far as the browser says. */
import { refuse } from '../errors.ts'

type Proxies = { trustProxy: number }

/** The host and protocol by which the browser reaches us: as trusted proxies say, or else as the request says. */
function hostAndProtocol({ headers }: Request, { trustProxy }: Proxies) {
  const forwarded = (name: string) => {
    const values = trustProxy > 0 ? headers.get(name)?.split(',') : undefined
    return (values?.at(-trustProxy) ?? values?.[0])?.trim() // most proxies replace these two headers rather than append to them
  }
  return { host: forwarded('x-forwarded-host') ?? headers.get('host'), proto: forwarded('x-forwarded-proto') }
}

/** Refuses requests sent by a page of another site, even a sign-in. Programs other than browsers name no origin. */
export function refuseForeign(request: Request, proxies: Proxies): void {
  const origin = request.headers.get('origin')
  if (origin === null) return
  const { host, proto } = hostAndProtocol(request, proxies)
  const from = URL.parse(origin)
  const site = from && URL.parse(`${from.protocol}//${host}`) // an origin leaves out the usual port, a proxy may not
  if (from?.host && from.host === site?.host && (!proto || from.protocol === `${proto}:`)) return
  refuse('forbidden', `This request comes from ${origin}, not from this site (${host}); a proxy must pass Host on`)
}

/** Whether the browser speaks TLS, even where a proxy ended it on the way. */
export const isSecure = (request: Request, proxies: Proxies) =>
  hostAndProtocol(request, proxies).proto === 'https' || request.headers.get('origin')?.startsWith('https:') === true

/** Where people reach this installation, for links that leave it: as `PUBLIC_URL` says, else as the request came. */
export function reachedUrl(request: Request, config: Proxies & { publicUrl: string | undefined }): string {
  if (config.publicUrl) return config.publicUrl
  return `${isSecure(request, config) ? 'https' : 'http'}://${hostAndProtocol(request, config).host ?? new URL(request.url).host}`
}

const maxNextLength = 2_000

/** The path in `next` if it is one of this site; anything else, or a very long one, leads to the first page. */
export function localPath(next = ''): string {
  const base = 'http://here'
  const isPath = next.startsWith('/') && next.length <= maxNextLength && URL.canParse(next, base)
  const url = isPath ? new URL(next, base) : undefined
  return url?.origin === base && !url.pathname.startsWith('//') ? url.pathname + url.search : '/'
}
