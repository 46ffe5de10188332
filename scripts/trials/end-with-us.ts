/** Ends processes and unmounts disks of a trial when it ends, also by a signal. */
import type { Subprocess } from 'bun'

const cleanups = new Set<() => void>()

process.on('exit', () => {
  for (const undo of [...cleanups].reverse()) undo()
})
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(1) // otherwise the trial handles the signal and exits itself
  })

export const undoAtEnd = (undo: () => void): void => void cleanups.add(undo)

export function endWithUs(child: Subprocess): void {
  const kill = () => child.kill('SIGKILL')
  undoAtEnd(kill)
  child.exited.then(() => cleanups.delete(kill))
}
