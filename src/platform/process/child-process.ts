/** Runs one of our programs as a process, for work that would keep a thread busy for seconds. It can be killed at once. */
export async function runProgram<Message>(
  program: readonly string[],
  env: Record<string, string>,
  signal: AbortSignal,
  onMessage: (message: Message) => void,
): Promise<{ stderr: string; exit: number | string }> {
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
    const stderr = (await new Response(child.stderr).text()).trim()
    const code = await child.exited
    signal.throwIfAborted()
    return { stderr, exit: child.signalCode ?? code }
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** Called by such a program: it exits when its parent does, or it would go on holding its locks. */
export function exitWithParent(): void {
  if (process.send) process.on('disconnect', () => process.exit())
}
