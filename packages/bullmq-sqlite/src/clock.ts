/**
 * The machine's clock and timers, captured when this module loads. A test that later fakes the global ones moves the time of jobs
 * (timestamps and delays come from `Date.now()`), but not lock expiry, transactions and timeouts: those belong to the store, as
 * they would to a server.
 */
const { setImmediate, setTimeout, clearTimeout, setInterval, clearInterval } = globalThis
export const clock = { setImmediate, setTimeout, clearTimeout, setInterval, clearInterval }

/** Milliseconds since 1970 by the machine's own clock, for locks, rate limits and times to live. */
export const now = Date.now
