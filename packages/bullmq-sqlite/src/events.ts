import type { StreamReadRaw } from 'bullmq'
import type { Args, Queue } from './queues.ts'

/**
 * The number in an event id, "<time>-<number>": reading goes on after it. Numbers rise by one within a queue and never repeat; the
 * time is that of the transaction, in ms.
 */
export function cursorOf(queue: Queue, id: string): number {
  const [time = '0', number = '0'] = id.split('-')
  if (Number(number) > 0) return Number(number)
  // Only a time, as Redis allows: everything since then.
  return queue.sql.lastEventBefore.get(queue.id, Number(time))?.last ?? 0
}

/** The events after a number, in the form of an answer to XREAD; undefined if there are none. */
export function eventsAfter(queue: Queue, after: number): StreamReadRaw {
  if (queue.state.lastEvent <= after) return undefined
  const entries: [id: string, fields: string[]][] = []
  for (const { last, at, events } of queue.sql.eventsAfter.all(queue.id, after)) {
    const list: string[][] = JSON.parse(events)
    const first = last - list.length + 1
    for (const [i, fields] of list.entries()) if (first + i > after) entries.push([`${at}-${first + i}`, fields])
  }
  return entries.length > 0 ? [[`${queue.key}:events`, entries]] : undefined
}

export function publishEvent(queue: Queue, ...[{ event, ...fields }, maxEvents]: Args<'publishEvent'>): string {
  queue.emit(String(event), ...Object.entries(fields).flat().map(String))
  trimEvents(queue, maxEvents)
  return `${Date.now()}-${queue.state.lastEvent}`
}

/** Deletes all but the newest events; a few more than `maxLength` may stay. Returns how many were deleted. */
export function trimEvents(queue: Queue, maxLength: number): number {
  const before = firstEvent(queue)
  queue.sql.trimEvents.run(queue.id, queue.state.lastEvent - maxLength)
  return firstEvent(queue) - before
}

function firstEvent({ id, sql, state }: Queue): number {
  const first = sql.firstEvents.get(id)
  return first ? first.last - JSON.parse(first.events).length + 1 : state.lastEvent + 1
}
