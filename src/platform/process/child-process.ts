/** A program of ours run as a process of its own: for what would keep a thread busy for seconds. A killed one leaves at once. */
export async function runProgram<Message>(
  program: readonly string[],
  env: Record<string, string>,
  signal: AbortSignal,
  onMessage: (message: Message) => void,
): Promise<{ complaint: string; ended: number | string }> {
  const { PATH, HOME } = process.env
  const child = Bun.spawn([process.execPath, ...program], {
    env: { PATH, HOME, ...env },
    stdout: 'ignore',
    stderr: 'pipe',
    ipc: onMessage,
  })
  const stop = () => child.kill(9)
  signal.addEventListener('abort', stop)
  try {
    const complaint = (await new Response(child.stderr).text()).trim()
    const code = await child.exited
    signal.throwIfAborted()
    return { complaint, ended: child.signalCode ?? code }
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** Called by such a program: without the process that waits for it, killed perhaps, it would hold its locks for nobody. */
export function endWithStarter(): void {
  if (process.send) process.on('disconnect', () => process.exit())
}
