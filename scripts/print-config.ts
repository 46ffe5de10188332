/**
 * `bun run print-config`: every setting with the value in force. `--markdown` prints the table of docs/install.md, `--env` the file
 * `.env.example`.
 */
import { readConfig, settings } from '../src/config.ts'
import { settingLines } from '../src/platform/settings.ts'
import { helpFirst } from './script-help.ts'

export function markdownTable(): string {
  const lines = settingLines(settings, readConfig({}))
  const rows = lines.map(({ env, fallback, doc }) => `| \`${env}\` | ${fallback && `\`${fallback}\``} | ${doc} |`)
  return ['| Setting | Default | What it is for |', '| --- | --- | --- |', ...rows].join('\n')
}

/** Every setting commented out, at its default. */
export function envExample(): string {
  const lines = settingLines(settings, readConfig({}))
  const entries = lines.map(({ env, fallback, doc }) => `# ${doc}\n#${env}=${fallback}\n`)
  return ['# Copy to .env and uncomment what should differ. Made by `bun run print-config --env`.\n', ...entries].join(
    '\n',
  )
}

function plainTable(): string {
  const lines = settingLines(settings, readConfig(process.env))
  const widthOf = (column: 'env' | 'value') => Math.max(...lines.map(line => line[column].length))
  const [names, values] = [widthOf('env'), widthOf('value')]
  return lines
    .map(({ env, value, fallback, doc }) => {
      const note = value === fallback ? '' : ` (default: ${fallback || 'none'})`
      return `${env.padEnd(names)}  ${value.padEnd(values)}  ${doc}${note}`
    })
    .join('\n')
}

if (import.meta.main) {
  helpFirst(import.meta.path, { options: ['--markdown', '--env'] })
  try {
    const format = process.argv[2]
    console.log(format === '--markdown' ? markdownTable() : format === '--env' ? envExample().trimEnd() : plainTable())
  } catch (error) {
    console.error((error as Error).message)
    process.exit(1)
  }
}
