/** Which methods an address answers to: asked only where one was not found. */

type Known = readonly { method: string; path: string }[]

/** In the order of `Allow`: HEAD is as GET; none where there is nothing at the address at all. */
export function methodsOf(routes: Known, pathname: string): string[] {
  const asked = partsOf(pathname)
  const methods = new Set(routes.filter(({ path }) => leadsTo(partsOf(path), asked)).map(({ method }) => method))
  return methods.size === 0 ? [] : [...methods, ...(methods.has('GET') ? ['HEAD'] : []), 'OPTIONS'].sort()
}

const partsOf = (path: string) => path.replace(/\/$/, '').split('/')

const leadsTo = (route: string[], asked: string[]) =>
  (route.at(-1) === '*' ? asked.length >= route.length : asked.length === route.length) &&
  route.every((part, i) => part === '*' || (part.startsWith(':') && asked[i] !== '') || part === asked[i])
