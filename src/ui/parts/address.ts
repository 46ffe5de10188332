export type Params = Record<string, string | number | null | undefined>

/** A path with the parameters that have a value: `address('/leagues/3', { ...query, page: 2 })`. */
export function address(path: string, params: Params = {}): string {
  const given = Object.entries(params).filter(([, value]) => value !== undefined && value !== null && value !== '')
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
  return search ? `${path}?${search}` : path
}
