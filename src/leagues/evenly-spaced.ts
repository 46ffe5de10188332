/** At most so many items, evenly spaced, including the last one. */
export function evenlySpaced<T>(items: readonly T[], most: number): T[] {
  const step = Math.ceil(items.length / most)
  return items.filter((_, i) => (items.length - 1 - i) % step === 0)
}
