/** An instant in the local time of a site. */
export type LocalTime = {
  date: string
  /** 1 Monday to 7 Sunday */
  weekday: number
  /** minutes since midnight */
  minute: number
  /** the Monday its week starts with */
  week: string
}

export function timeAtSite(instant: string, timezone: string): LocalTime {
  const local = Temporal.Instant.from(instant).toZonedDateTimeISO(timezone)
  const day = local.toPlainDate()
  return {
    date: day.toString(),
    weekday: day.dayOfWeek,
    minute: local.hour * 60 + local.minute,
    week: day.subtract({ days: day.dayOfWeek - 1 }).toString(),
  }
}

const isDate = (text: string) => /^\d{4}-\d\d-\d\d$/.test(text)

const midnight = (date: string, timezone: string) => Temporal.PlainDate.from(date).toZonedDateTime(timezone)

/** When an absence starts, in epoch milliseconds: for a date, its first moment at the site. */
export const absenceStart = (when: string, timezone: string): number =>
  isDate(when) ? midnight(when, timezone).epochMilliseconds : Date.parse(when)

/** When an absence ends, exclusive: a date is included as a whole. */
export const absenceEnd = (when: string, timezone: string): number =>
  isDate(when) ? midnight(when, timezone).add({ days: 1 }).startOfDay().epochMilliseconds : Date.parse(when)
