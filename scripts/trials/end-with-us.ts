/** What a trial has started or mounted goes when it ends, by a signal too. */
import type { Subprocess } from 'bun'

const undoings = new Set<() => void>()

export function undoAtEnd(undo: () => void): void {
  if (!undoings.size) {
    process.on('exit', () => {
      for (const undo of [...undoings].reverse()) undo()
    })
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
  }
  undoings.add(undo)
}

export function endWithUs(child: Subprocess): void {
  const kill = () => child.kill('SIGKILL')
  undoAtEnd(kill)
  child.exited.then(() => undoings.delete(kill))
}
