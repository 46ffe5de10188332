/** É beside E, and without regard to capitals: the database would sort é behind Z. */
export const compareNames: (a: string, b: string) => number = new Intl.Collator('en').compare
export const byName = (a: { name: string }, b: { name: string }): number => compareNames(a.name, b.name)
