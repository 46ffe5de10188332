export type ShiftsFilter = { start?: string; end?: string; site_id?: number; open?: boolean }

/** The list of these shifts. Without `start` it has all days: an address that does not name it begins today. */
export const shiftsAddress = ({ start = '', ...filter }: ShiftsFilter & { page?: number }): string => {
  const given = Object.entries({ start, ...filter }).filter(([, value]) => value !== undefined)
  return `/rota/shifts?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`
}
