/** Where an instant falls on the wall of a site. */
export type Moment = {
  date: string
  /** 1 Monday to 7 Sunday */
  weekday: number
  /** minutes since midnight, as the clock on the wall shows them */
  minute: number
  /** the Monday its week starts with */
  week: string
}

export function onTheWall(instant: string, timezone: string): Moment {
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

/** From when, in epoch milliseconds: a date means the moment it begins at the site. */
export const begins = (when: string, timezone: string): number =>
  isDate(when) ? midnight(when, timezone).epochMilliseconds : Date.parse(when)

/** Until when, exclusive: a date means all of it. */
export const isOver = (when: string, timezone: string): number =>
  isDate(when) ? midnight(when, timezone).add({ days: 1 }).startOfDay().epochMilliseconds : Date.parse(when)
