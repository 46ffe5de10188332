import { day } from '../src/platform/clock.ts'

/** The date in so many days, UTC. */
export const inDays = (days: number) => new Date(Date.now() + days * day).toISOString().slice(0, 10)
