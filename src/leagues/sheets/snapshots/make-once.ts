/** The derived snapshots that tasks of this thread make, by what they are derived from. */
const beingMade = new Map<string, Promise<unknown>>()

/** Tasks that need the same derived snapshot at the same time wait for the first one; `storedOrMade` then finds it stored. */
export async function makeOnce<T>(key: string, storedOrMade: () => Promise<T>): Promise<T> {
  while (beingMade.has(key)) await beingMade.get(key)?.catch(() => {}) // if it failed there, it is made here
  const making = storedOrMade()
  beingMade.set(key, making)
  try {
    return await making
  } finally {
    beingMade.delete(key)
  }
}
