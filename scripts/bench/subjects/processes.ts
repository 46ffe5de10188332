/** The resources that processes use, read from Linux's /proc in the same way for every side. */
import { readFileSync } from 'node:fs'

const ticks = 100 // per second, the same on every Linux

/** Processor time of all threads, including those that have ended, in ms. */
export function processorMs(pids: readonly number[]): number {
  let sum = 0
  for (const pid of pids) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()?.split(' ') ?? []
    sum += Number(fields[11]) + Number(fields[12])
  }
  return (sum * 1000) / ticks
}

const kilobytes = (pid: number, file: string, field: string) =>
  Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1] ?? 0)

/** The sum of the peak memory of each process, in MB. */
export const peakMb = (pids: readonly number[]) =>
  pids.reduce((sum, pid) => sum + kilobytes(pid, 'status', 'VmHWM'), 0) / 1024

/** Their current memory, with shared memory counted once, in MB. */
export const memoryMb = (pids: readonly number[]) =>
  pids.reduce((sum, pid) => sum + kilobytes(pid, 'smaps_rollup', 'Pss'), 0) / 1024

const patience = 60_000 // ms

/** Asks until the answer is true; the process has a minute. */
export async function waitFor(ask: () => Promise<boolean>, child: { exitCode: number | null }): Promise<void> {
  const end = performance.now() + patience
  while (!(await ask().catch(() => false))) {
    if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode} before it answered`)
    if (performance.now() > end) throw new Error('It did not answer within a minute')
    await Bun.sleep(5)
  }
}
