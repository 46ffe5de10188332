import { setImmediate } from 'node:timers/promises'

/** Lets the HTTP thread answer the requests that have arrived: it looks for them between two immediates, but not before the first. */
export async function letRequestsIn(): Promise<void> {
  await setImmediate()
  await setImmediate()
}
