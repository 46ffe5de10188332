/** What a trial has started or mounted goes when it ends, by a signal too. */
import type { Subprocess } from 'bun'

const undoings = new Set<() => void>()

process.on('exit', () => {
  for (const undo of [...undoings].reverse()) undo()
})
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(1) // else the trial has something to say first
  })

export const undoAtEnd = (undo: () => void): void => void undoings.add(undo)

export function endWithUs(child: Subprocess): void {
  const kill = () => child.kill('SIGKILL')
  undoAtEnd(kill)
  child.exited.then(() => undoings.delete(kill))
}
