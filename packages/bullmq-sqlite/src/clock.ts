/**
 * The machine's own clock and timers, taken when this module loads. A test that later replaces the global ones with fakes
 * moves the time of jobs (their timestamps and delays come from `Date.now()`), but not the time in which locks expire,
 * turns run and waits end: those belong to the store, as they would to a server.
 */
const { setImmediate, setTimeout, clearTimeout, setInterval, clearInterval } = globalThis
export const clock = { setImmediate, setTimeout, clearTimeout, setInterval, clearInterval }

/** Milliseconds since 1970 by the machine's own clock: locks, rate limits and times to live. */
export const now = Date.now
