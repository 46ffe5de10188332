const format = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'long', year: 'numeric' })

/** `8 December 2026`, of a local date. */
export const longDate = (date: string): string => format.format(new Date(`${date}T12:00:00Z`))
