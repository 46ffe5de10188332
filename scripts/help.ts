/** `bun run help`: lists all commands, one per line. */
import { join } from 'node:path'
import packageJson from '../package.json' with { type: 'json' }
import { helpFirst, helpOf } from './script-help.ts'

helpFirst(import.meta.path)

const descriptions: Record<string, string> = {
  start: 'installs missing packages and serves; all data is in DATA_DIR',
  dev: 'serves from the sources, and starts again whenever a file changes',
  'test:long': 'runs the whole suite with its long rounds',
  check: 'types, lint and tests',
  types: 'checks the types',
  lint: 'checks the style',
  migration: 'makes a migration for a change of the schema: bun run migration NAME',
}
/** The first sentence of the script's own help. */
const summaryOf = (command: string) => {
  const script = /bun (scripts\/[\w-]+\.ts)/.exec(command)?.[1]
  if (!script) return ''
  const text = helpOf(join(import.meta.dir, '..', script)).replaceAll('\n', ' ')
  return (/^`[^`]*`[^:]*: (.*?)(?:[.;] |[.:]?$)/.exec(text)?.[1] ?? text).replace(/\.$/, '')
}
const commands = Object.entries(packageJson.scripts)
const width = Math.max(...commands.map(([name]) => name.length))
for (const [name, command] of commands)
  console.log(`bun run ${name.padEnd(width)}  ${descriptions[name] ?? summaryOf(command)}`)
console.log('\nEach script of these says more with --help. Exit codes: 0 done, 1 failed, 2 not called as it should be.')
