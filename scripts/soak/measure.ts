/** The resources that a process uses, read from Linux's /proc. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export type Usage = { rssMb: number; cpuSeconds: number; handles: number; threads: number }

const ticksPerSecond = 100 // the unit of /proc, the same on every Linux that Bun runs on

export function usageOf(pid: number): Usage {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const numberOf = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0)
  const [utime = 0, stime = 0] =
    readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ').slice(11, 13).map(Number) ?? []
  return {
    rssMb: Math.round(numberOf('VmRSS') / 1024),
    cpuSeconds: (utime + stime) / ticksPerSecond,
    handles: readdirSync(`/proc/${pid}/fd`).length,
    threads: numberOf('Threads'),
  }
}

/** The number of files in a folder, without uploaded files, which are kept for 90 days. */
export const filesIn = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    entry => entry.isFile() && !join(entry.parentPath, entry.name).startsWith(join(folder, 'uploads')),
  ).length

/** The smallest value that is not exceeded by `share` of all values. */
export function quantileOf(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}
