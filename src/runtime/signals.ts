/** npx signals twice: a second signal within a second of the first says nothing new, a later one ends at once. */
export function onSignal(stop: () => Promise<void>): void {
  let first = 0
  const handle = () => {
    if (first && performance.now() - first > 1_000) process.exit(1)
    if (first) return
    first = performance.now()
    const deadline = setTimeout(() => process.exit(1), 5_000)
    stop().finally(() => {
      clearTimeout(deadline)
      process.exit(0)
    })
  }
  process.on('SIGTERM', handle)
  process.on('SIGINT', handle)
}
