/** Every script calls `helpFirst` first: `--help` prints the comment at the top of its file and does nothing else. */
import { readFileSync } from 'node:fs'

/** Exit codes: 0 done, 1 failed, 2 not called as it should be. */
export const misused = 2

/** The comment at the top of a file, as plain text. */
export const helpOf = (path: string): string =>
  (/\/\*\*([\s\S]*?)\*\//.exec(readFileSync(path, 'utf8'))?.[1] ?? '')
    .split('\n')
    .map(line => line.replace(/^ ?\*? ?/, '').trimEnd())
    .join('\n')
    .trim()

/** `takes`: the options and the number of words the script understands; anything else ends it with 2. */
export function helpFirst(
  path: string,
  accepts: { options?: readonly string[]; words?: number; any?: boolean } = {},
): void {
  const args = process.argv.slice(2)
  if (args.some(word => word === '--help' || word === '-h')) {
    console.log(helpOf(path))
    process.exit(0)
  }
  if (accepts.any) return
  const unknown = args.find(word => word.startsWith('-') && !accepts.options?.includes(word))
  const extra = args.filter(word => !word.startsWith('-'))[accepts.words ?? 0]
  if (unknown === undefined && extra === undefined) return
  console.error(`${unknown ?? extra} is not understood.\n\n${helpOf(path)}`)
  process.exit(misused)
}
