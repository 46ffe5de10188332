/** Every cron line, in UTC. A slot fires once however many processes run. */
import type { App } from './context.ts'
import type { ScheduleEntry } from './runtime/schedule.ts'

export const schedule: readonly ScheduleEntry<App>[] = []
