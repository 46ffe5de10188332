/** The methods an address answers to, needed only where a route was not found. */

type Routes = readonly { method: string; path: string }[]

/** Sorted for the `Allow` header. HEAD comes with GET; empty if the address has no route at all. */
export function methodsOf(routes: Routes, pathname: string): string[] {
  const requested = partsOf(pathname)
  const methods = new Set(
    routes.filter(({ path }) => matchesRoute(partsOf(path), requested)).map(({ method }) => method),
  )
  return methods.size === 0 ? [] : [...methods, ...(methods.has('GET') ? ['HEAD'] : []), 'OPTIONS'].sort()
}

const partsOf = (path: string) => path.replace(/\/$/, '').split('/')

const matchesRoute = (route: string[], requested: string[]) =>
  (route.at(-1) === '*' ? requested.length >= route.length : requested.length === route.length) &&
  route.every((part, i) => part === '*' || (part.startsWith(':') && requested[i] !== '') || part === requested[i])
